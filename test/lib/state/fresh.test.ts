import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Ip, ip, ipFromNumber, ipNumber } from "../../../lib/addr/ip.ts";
import { addressKey, addressOfKey } from "../../../lib/state/address-key.ts";
import { carveFresh, findFresh, mergeFresh } from "../../../lib/state/fresh.ts";
import { migrate } from "../../../lib/state/migrate.ts";
import { openSql, type Sql } from "../../../lib/state/sql.ts";
import { seed } from "../seed.ts";
import { testFolder } from "./fixture.ts";

function emptyTables(): Sql {
  const path = join(testFolder(), "tables.db");
  writeFileSync(path, "");
  const sql = openSql(path);
  migrate(sql);
  return sql;
}

const low = ipNumber(ip("10.0.0.250"));
const all = Array.from({ length: 16 }, (_, i): Ip => ipFromNumber(4, low + BigInt(i)));
const find = (sql: Sql, first: Ip, last: Ip): Ip | undefined => {
  const key = findFresh(sql, "net", addressKey(first), addressKey(last));
  return key && addressOfKey(key);
};

test("addresses carved out and put back in any order are those that are found, in extents that never touch", () => {
  const sql = emptyTables();
  const step = fc.record({ index: fc.nat({ max: all.length - 1 }), from: fc.nat({ max: all.length - 1 }) });
  const runs = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    sql.run("DELETE FROM fresh");
    const free = new Set(all);
    for (const { index, from } of steps) {
      const address = all[index] ?? ip("10.0.0.250");
      if (free.has(address)) {
        expect(carveFresh(sql, "net", addressKey(address))).toBe(true);
        free.delete(address);
      } else {
        expect(carveFresh(sql, "net", addressKey(address))).toBe(false);
        mergeFresh(sql, "net", addressKey(address));
        free.add(address);
      }
      const wanted = all.slice(from).find((each) => free.has(each));
      expect(find(sql, all[from] ?? address, all.at(-1) ?? address)).toBe(wanted);
      // Each run of addresses that are taken parts two extents, no more.
      const gaps = all.filter(
        (each, i) => !free.has(each) && (i === 0 || free.has(all[i - 1] ?? each)),
      ).length;
      expect(sql.all("SELECT * FROM fresh")).toHaveLength(gaps + 1);
    }
  });
  fc.assert(runs, { seed, numRuns: 150 });
  sql.close();
});
