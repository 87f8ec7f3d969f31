import { Database } from "bun:sqlite";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testFolder, testStore } from "./fixture.ts";
import { interval, owner } from "./fixture-values.ts";

test("the history of releases of a pool that never runs out stays bounded, and joins extents again", () => {
  const dataDir = testFolder();
  let now = 0;
  const store = testStore({ dataDir, now: () => now });
  const pool = [interval("fd00::1", "fd00::ffff:ffff")];
  const count = 70_000;
  store.transaction(() => {
    for (let i = 0; i < count; i++) {
      now += 1000;
      store.leases.takeNext(owner("c"), pool);
      store.leases.release(owner("c").key);
    }
  });
  const database = new Database(join(dataDir, "state.db"));
  const rows = (table: string): number =>
    database.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? -1;
  expect(rows("released")).toBeLessThan(65_540);
  expect(rows("released")).toBeGreaterThan(60_000);
  expect(rows("fresh")).toBeLessThan(5);
  database.close();
  // What was forgotten is there again, all of it, in order.
  const low = [interval("fd00::1", "fd00::20")];
  const again = Array.from({ length: 32 }, () => store.leases.takeNext(owner("d"), low)?.address);
  expect(again).toEqual(Array.from({ length: 32 }, (_, i) => `fd00::${(i + 1).toString(16)}`));
  expect(store.leases.takeNext(owner("d"), low)).toBeUndefined();
}, 60_000);

test("what was released less than an hour ago is never forgotten", () => {
  const store = testStore({ dataDir: testFolder(), now: () => 1000 });
  const pool = [interval("10.0.0.0", "10.1.255.255")];
  store.transaction(() => {
    for (let i = 0; i < 66_000; i++) {
      store.leases.takeNext(owner("c"), pool);
      store.leases.release(owner("c").key);
    }
  });
  expect(store.leases.takeNext(owner("d"), pool)?.address).toBe("10.1.1.208");
}, 60_000);
