import { Database } from "bun:sqlite";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import type { Recovered } from "../../../lib/state/rows.ts";
import { schemaVersion } from "../../../lib/state/schema.ts";
import { busyTimeoutMs } from "../../../lib/state/sql.ts";
import { runChild, testFolder, testStore } from "./fixture.ts";
import { dhcpRow4, dhcpRow6, endpoint, interval, owner } from "./fixture-values.ts";

const pool = [interval("10.0.0.2", "10.0.3.254")];
const mode = (path: string): number => statSync(path).mode & 0o777;

describe("a new file", () => {
  test.each(["000", "027", "777"])(
    "only its owner may read it, its logs and its folder, with umask %s",
    async (umask) => {
      const dataDir = join(testFolder(), "state");
      const task = { dataDir, id: "a", first: "10.0.0.2", last: "10.0.0.9", count: 1 };
      // Killed at the end, so that the logs stay.
      const script = `umask ${umask}; exec "$0" "$@"`;
      await runChild({ ...task, killSelf: true }, ["sh", "-c", script]);
      expect(mode(dataDir)).toBe(0o700);
      for (const name of readdirSync(dataDir))
        expect([name, mode(join(dataDir, name))]).toEqual([name, 0o600]);
      expect(readdirSync(dataDir)).toEqual(
        expect.arrayContaining(["state.db", "state.db-wal", "state.db-shm"]),
      );
    },
  );

  test("is not made by asking and removing when a missing file shall stay missing", () => {
    const dataDir = join(testFolder(), "state");
    const store = testStore({
      dataDir,
      whenMissing: "empty",
      recover: () => {
        throw new Error("not needed");
      },
    });
    expect(store.leases.held("x")).toEqual([]);
    expect(store.endpoints.list()).toEqual([]);
    store.transaction(() => {
      store.leases.release("x");
      store.endpoints.remove("x");
    });
    expect(() => store.endpoints.put(endpoint("a"))).toThrow(TypeError);
    expect(existsSync(dataDir)).toBe(false);
  });

  test("begins with what can be learnt from elsewhere", () => {
    const recovered: Recovered = {
      networks: [{ name: "net", spec: { mtu: 1400 } }],
      endpoints: [
        {
          ...owner("a"),
          addresses: [prefix("10.0.0.2/22")],
          ports: [{ protocol: "tcp", hostPort: 80, family: 4 }],
        },
      ],
      leases: [{ ...owner("b"), address: ip("10.0.0.3") }],
    };
    const store = testStore({ dataDir: testFolder(), recover: () => recovered });
    expect(store.networks.get("net")).toEqual({ name: "net", kind: "nat", spec: { mtu: 1400 } });
    expect(store.endpoints.get(owner("a").key)).toMatchObject({
      phase: "ready",
      plan: null,
      containerId: "a",
    });
    expect(store.leases.takeNext(owner("c"), pool)?.address).toBe("10.0.0.4");
    expect(store.endpoints.get(owner("b").key)).toBeUndefined();
    expect(() => store.ports.claim("x", [{ protocol: "tcp", hostPort: 80, family: 4 }])).toThrow(/taken/);
  });

  test("made by a process that cannot ask the kernel, it is completed once by the next that can", () => {
    const dataDir = testFolder();
    const first = testStore({ dataDir, recoverLeases: () => [{ ...owner("c0"), address: ip("10.0.0.2") }] });
    expect(first.leases.takeNext(owner("c1"), pool)?.address).toBe("10.0.0.3");
    const marks: Recovered = {
      networks: [{ name: "net", spec: "from marks" }],
      endpoints: [
        { key: owner("c0").key, network: "", addresses: [prefix("10.0.0.2/22")] },
        { ...owner("c2"), addresses: [prefix("10.0.0.3/22"), prefix("10.0.0.9/22")] },
      ],
    };
    let asked = 0;
    const warnings: string[] = [];
    const recover = () => {
      asked++;
      return marks;
    };
    for (let i = 0; i < 2; i++) {
      const next = testStore({ dataDir, recover, warn: (text) => warnings.push(text) });
      expect(next.leases.list().map((lease) => lease.containerId)).toEqual(["c0", "c1", "c2"]);
      expect(next.networks.get("net")?.spec).toBe("from marks");
      expect(next.endpoints.list()).toHaveLength(2);
    }
    expect(asked).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(/10\.0\.0\.3.*net\/c1\/eth0/)]);
  });

  test("takes the name of an endpoint whose mark had no room for it from who remembers it", () => {
    const recover = (): Recovered => ({
      networks: [],
      endpoints: [{ key: owner("c0").key, network: "", addresses: [prefix("10.0.0.2/22")] }],
    });
    const recoverLeases = () => [{ ...owner("c0"), address: ip("10.0.0.2") }];
    const store = testStore({ dataDir: testFolder(), recover, recoverLeases });
    expect(store.leases.takeNext(owner("c1"), pool)?.address).toBe("10.0.0.3");
    expect(store.endpoints.get(owner("c0").key)).toMatchObject(owner("c0"));
  });

  test("a log left by a file that was deleted by hand is not applied to it", () => {
    const dataDir = testFolder();
    const first = testStore({ dataDir });
    first.leases.takeNext(owner("a"), pool);
    rmSync(join(dataDir, "state.db"));
    expect(existsSync(join(dataDir, "state.db-wal"))).toBe(true);
    expect(testStore({ dataDir }).leases.takeNext(owner("b"), pool)?.address).toBe("10.0.0.2");
  });

  test("a relative folder is refused, a symbolic link to a folder serves", () => {
    expect(() => testStore({ dataDir: "state" })).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringMatching(/absolute path/) }),
    );
    const folder = testFolder();
    mkdirSync(join(folder, "real"));
    symlinkSync(join(folder, "real"), join(folder, "link"));
    testStore({ dataDir: join(folder, "link") }).leases.takeNext(owner("a"), pool);
    expect(testStore({ dataDir: join(folder, "real") }).leases.list()).toHaveLength(1);
  });

  test("a folder that is a file is an error naming the path", () => {
    const path = join(testFolder(), "file");
    writeFileSync(path, "");
    const store = testStore({ dataDir: path });
    expect(() => store.leases.takeNext(owner("a"), pool)).toThrow(
      expect.objectContaining({
        code: 5,
        message: expect.stringContaining(path),
        details: expect.stringContaining("dataDir"),
      }),
    );
  });
});

/** A file with `count` leases, one endpoint with a port, and one network, closed. */
function filled(count: number): string {
  const dataDir = testFolder();
  const store = testStore({ dataDir });
  store.transaction(() => {
    store.networks.put({ name: "net", kind: "nat", spec: { subnet: "10.0.0.0/22" } });
    for (let i = 0; i < count; i++) store.leases.takeNext(owner(`c${i}`, { netns: `/run/netns/${i}` }), pool);
    store.endpoints.put(endpoint("c0", { phase: "ready", netns: "/run/netns/0" }));
    store.ports.claim(owner("c0").key, [{ protocol: "tcp", hostPort: 80, family: 4 }]);
  });
  // A copy: nothing in this process has it open.
  const database = new Database(join(dataDir, "state.db"));
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  const copy = testFolder();
  copyFileSync(join(dataDir, "state.db"), join(copy, "state.db"));
  return copy;
}

function dropTable(dataDir: string, table: string): void {
  const database = new Database(join(dataDir, "state.db"));
  database.run(`DROP TABLE ${table}`);
  database.close();
}

const asideNames = (dataDir: string): string[] =>
  readdirSync(dataDir).filter((name) => /^state\.db\.corrupt-\d{8}T\d{6}Z(-\d+)?$/.test(name));

describe("a damaged file", () => {
  const path = (dataDir: string): string => join(dataDir, "state.db");
  const garbage = "not a database".repeat(1000);
  const damages: readonly [string, (dataDir: string) => void][] = [
    ["garbage", (dataDir) => writeFileSync(path(dataDir), garbage)],
    [
      "cut in the middle",
      (dataDir) => truncateSync(path(dataDir), Math.floor(statSync(path(dataDir)).size / 2 / 4096) * 4096),
    ],
    ["cut to 100 bytes", (dataDir) => truncateSync(path(dataDir), 100)],
    [
      "somebody else's SQLite file",
      (dataDir) => {
        rmSync(path(dataDir));
        const other = new Database(path(dataDir), { create: true });
        other.run("CREATE TABLE cats (name TEXT)");
        other.close();
      },
    ],
    [
      "ours without its tables",
      (dataDir) => {
        dropTable(dataDir, "leases");
      },
    ],
    [
      "with a page overwritten",
      (dataDir) => {
        const bytes = readFileSync(path(dataDir));
        bytes.fill(0xa5, 4096, bytes.length - 4096);
        writeFileSync(path(dataDir), bytes);
      },
    ],
  ];
  const recovered: Recovered = {
    networks: [{ name: "net", spec: "from marks" }],
    endpoints: [{ ...owner("c0"), addresses: [prefix("10.0.0.2/22")] }],
  };

  test.each(damages)("%s: is set aside with a warning and rebuilt, old bytes kept", (_title, damage) => {
    const dataDir = filled(300);
    damage(dataDir);
    const bytes = readFileSync(path(dataDir));
    const warnings: string[] = [];
    const store = testStore({ dataDir, warn: (text) => warnings.push(text), recover: () => recovered });
    const taken = store.transaction(() => store.leases.takeNext(owner("new"), pool));
    expect(taken?.address).not.toBe("10.0.0.2");
    expect(store.leases.holder("net", ip("10.0.0.2"))?.containerId).toBe("c0");
    expect(store.networks.get("net")).toBeDefined();
    expect(warnings).toEqual([expect.stringContaining(`state file ${path(dataDir)} was damaged`)]);
    const [aside, ...others] = asideNames(dataDir);
    expect(others).toEqual([]);
    expect(readFileSync(join(dataDir, aside ?? "")).equals(bytes)).toBe(true);
    expect(mode(path(dataDir))).toBe(0o600);
  });

  test("an empty file is as good as a missing one", () => {
    const dataDir = testFolder();
    writeFileSync(path(dataDir), "");
    const store = testStore({ dataDir, recover: () => recovered });
    expect(store.leases.takeNext(owner("new"), pool)?.address).toBe("10.0.0.3");
  });

  test("what can still be read of it is kept: one bad page costs the leases of that page", () => {
    const dataDir = filled(1000);
    const bytes = readFileSync(path(dataDir));
    // Pages of the leases' table are full of this text; one in the middle is overwritten.
    const hits: number[] = [];
    for (let at = bytes.indexOf("/run/netns/"); at >= 0; at = bytes.indexOf("/run/netns/", at + 1))
      hits.push(at);
    const page = Math.floor((hits[Math.floor(hits.length / 2)] ?? 0) / 4096);
    bytes.fill(0, page * 4096, (page + 1) * 4096);
    writeFileSync(path(dataDir), bytes);
    const warnings: string[] = [];
    const store = testStore({ dataDir, warn: (text) => warnings.push(text) });
    // Reading everything runs into the damage.
    const left = store.leases.list("net").length;
    expect(left).toBeGreaterThan(900);
    expect(left).toBeLessThan(1000);
    expect(warnings).toHaveLength(1);
    expect(store.endpoints.get(owner("c0").key)).toMatchObject({ phase: "ready", netns: "/run/netns/0" });
    expect(() => store.ports.claim("x", [{ protocol: "tcp", hostPort: 80, family: 4 }])).toThrow(
      /taken by net\/c0\/eth0/,
    );
    expect(store.networks.get("net")?.spec).toEqual({ subnet: "10.0.0.0/22" });
  });

  test("the kernel's word on an address counts more than the old file's", () => {
    const dataDir = filled(3);
    dropTable(dataDir, "ports");
    const marks: Recovered = {
      networks: [],
      endpoints: [{ ...owner("other"), addresses: [prefix("10.0.0.3/22")] }],
    };
    const store = testStore({ dataDir, recover: () => marks });
    store.ports.claim("x", [{ protocol: "tcp", hostPort: 81, family: 4 }]);
    expect(store.leases.holder("net", ip("10.0.0.3"))?.containerId).toBe("other");
    expect(store.leases.holder("net", ip("10.0.0.4"))?.netns).toBe("/run/netns/2");
    const holders = store.leases.list("net").map((lease) => lease.address);
    expect(new Set(holders).size).toBe(holders.length);
  });

  test("when nothing can be learnt from elsewhere because that fails, the file stays where it is", () => {
    const dataDir = filled(3);
    writeFileSync(path(dataDir), garbage);
    const store = testStore({
      dataDir,
      recover: () => {
        throw new RangeError("no kernel");
      },
    });
    expect(() => store.leases.takeNext(owner("a"), pool)).toThrow(RangeError);
    expect(readFileSync(path(dataDir), "utf8")).toBe(garbage);
    expect(asideNames(dataDir)).toEqual([]);
  });

  test("leases of DHCP servers are kept of a damaged file", () => {
    const dataDir = filled(1000);
    const rows = [dhcpRow4("a"), dhcpRow6("a")];
    for (const row of rows) testStore({ dataDir }).dhcp.put(row);
    const database = new Database(path(dataDir));
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    const bytes = readFileSync(path(dataDir));
    const page = Math.floor(bytes.lastIndexOf("/run/netns/500") / 4096);
    bytes.fill(0, page * 4096, (page + 1) * 4096);
    writeFileSync(path(dataDir), bytes);
    const store = testStore({ dataDir });
    store.leases.list("net");
    expect(store.dhcp.list()).toEqual(rows);
    expect(asideNames(dataDir)).toHaveLength(1);
  });

  test("a transaction that runs into the damage is repeated as a whole", () => {
    const dataDir = filled(1000);
    const bytes = readFileSync(path(dataDir));
    const page = Math.floor(bytes.lastIndexOf("/run/netns/500") / 4096);
    bytes.fill(0, page * 4096, (page + 1) * 4096);
    writeFileSync(path(dataDir), bytes);
    const store = testStore({ dataDir });
    let runs = 0;
    store.transaction(() => {
      runs++;
      store.networks.put({ name: `run-${runs}`, kind: "nat", spec: null });
      store.leases.list("net");
    });
    expect(runs).toBe(2);
    expect(store.networks.list().map((row) => row.name)).toEqual(["net", "run-2"]);
  });
});

describe("a file of another version", () => {
  const setVersion = (dataDir: string, version: number): void => {
    const database = new Database(join(dataDir, "state.db"));
    database.run(`PRAGMA user_version = ${version}`);
    database.close();
  };

  test("of the future is refused with both versions, and left alone", () => {
    const dataDir = filled(2);
    setVersion(dataDir, 99);
    const store = testStore({ dataDir });
    const refused = {
      code: 107,
      reason: "state-version",
      message: expect.stringMatching(`99.*${schemaVersion}`),
    };
    expect(() => store.leases.takeNext(owner("a"), pool)).toThrow(expect.objectContaining(refused));
    setVersion(dataDir, schemaVersion);
    expect(testStore({ dataDir }).leases.list()).toHaveLength(2);
  });

  test("of the past is brought up to date", () => {
    const dataDir = testFolder();
    const path = join(dataDir, "state.db");
    const database = new Database(path, { create: true });
    database.run("PRAGMA journal_mode = WAL; PRAGMA application_id = 0x76737763");
    database.close();
    const store = testStore({ dataDir });
    expect(store.leases.takeNext(owner("a"), pool)?.address).toBe("10.0.0.2");
    expect(asideNames(dataDir)).toEqual([]);
  });

  test("of the first version gets what came later, and keeps what it holds", () => {
    const dataDir = filled(2);
    const database = new Database(join(dataDir, "state.db"));
    database.run(
      "DROP TABLE dhcp; DROP TABLE directories; DROP TABLE pools; DROP TABLE blocks; DROP TABLE fixed; PRAGMA user_version = 1",
    );
    database.close();
    const store = testStore({ dataDir });
    store.dhcp.put(dhcpRow4("a"));
    expect(store.dhcp.list()).toEqual([dhcpRow4("a")]);
    expect(store.leases.list()).toHaveLength(2);
    expect(asideNames(dataDir)).toEqual([]);
  });
});

test("a file that another process keeps locked is CNI error 11 after a bounded wait", () => {
  const dataDir = filled(1);
  const other = new Database(join(dataDir, "state.db"));
  other.run("BEGIN IMMEDIATE");
  const start = Date.now();
  const store = testStore({ dataDir });
  expect(() => store.leases.takeNext(owner("a"), pool)).toThrow(
    expect.objectContaining({ code: 11, reason: "state-locked" }),
  );
  expect(Date.now() - start).toBeLessThan(busyTimeoutMs + 3000);
  expect(store.leases.list()).toHaveLength(1);
  other.run("ROLLBACK");
  expect(store.leases.takeNext(owner("a"), pool)?.address).toBe("10.0.0.3");
  other.close();
}, 20_000);

test("a failure of the caller's own inside a transaction is not taken for one of the file", () => {
  const store = testStore({ dataDir: testFolder() });
  const attempt = () => store.transaction(() => readFileSync("/proc/self/mem/x"));
  expect(attempt).toThrow(expect.objectContaining({ code: "ENOTDIR" }));
});

test("a file that was replaced during a transaction takes no writes any more", () => {
  const dataDir = filled(1);
  const store = testStore({ dataDir });
  const attempt = () =>
    store.transaction(() => {
      store.leases.takeNext(owner("a"), pool);
      rmSync(join(dataDir, "state.db"));
      writeFileSync(join(dataDir, "state.db"), "");
    });
  expect(attempt).toThrow(expect.objectContaining({ code: 11, reason: "state-replaced" }));
});

test("a folder with looser rights is left as it is, the file is not", () => {
  const dataDir = testFolder();
  chmodSync(dataDir, 0o755);
  testStore({ dataDir }).leases.takeNext(owner("a"), pool);
  expect(mode(dataDir)).toBe(0o755);
  expect(mode(join(dataDir, "state.db"))).toBe(0o600);
});
