/** Several processes on one state file, real ones. */
import { Database } from "bun:sqlite";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seed } from "../seed.ts";
import type { ChildTask } from "./child.ts";
import { childCommand, parseEvents, runChild, testFolder, testStore } from "./fixture.ts";
import { interval, owner } from "./fixture-values.ts";

const task = { first: "10.0.0.2", last: "10.0.3.254", count: 1 };

test("100 processes at once make one file and get 100 addresses, none of them twice", async () => {
  const dataDir = join(testFolder(), "state");
  const runs = Array.from({ length: 100 }, (_, i) => runChild({ ...task, dataDir, id: `c${i}` }));
  const events = (await Promise.all(runs)).flat();
  expect(events.filter((event) => event.error !== undefined)).toEqual([]);
  const given = events.map((event) => event.address);
  expect(given).toHaveLength(100);
  expect(new Set(given).size).toBe(100);
  expect(testStore({ dataDir }).leases.list()).toHaveLength(100);
  expect(readdirSync(dataDir).filter((name) => name.includes("corrupt") || name.includes("new"))).toEqual([]);
}, 120_000);

test("three processes that begin in the same millisecond make one file, every time", async () => {
  for (let i = 0; i < 8; i++) {
    const dataDir = join(testFolder(), "state");
    const startMs = Date.now() + 400;
    const ids = ["a", "b", "c"];
    const events = (
      await Promise.all(ids.map((id) => runChild({ ...task, dataDir, id, startMs, count: 3 })))
    ).flat();
    expect(events.filter((event) => event.error !== undefined)).toEqual([]);
    expect(new Set(events.map((event) => event.address)).size).toBe(9);
  }
}, 60_000);

test("20 processes that find the file damaged set it aside once, and lose nobody's lease", async () => {
  const dataDir = testFolder();
  writeFileSync(join(dataDir, "state.db"), "not a database".repeat(1000));
  const runs = Array.from({ length: 20 }, (_, i) => runChild({ ...task, dataDir, id: `c${i}`, count: 5 }));
  const events = (await Promise.all(runs)).flat();
  expect(events.filter((event) => event.error !== undefined)).toEqual([]);
  expect(events.filter((event) => event.warning !== undefined)).toHaveLength(1);
  const given = events.flatMap((event) => event.address ?? []);
  expect(new Set(given).size).toBe(100);
  expect(testStore({ dataDir }).leases.list()).toHaveLength(100);
  expect(readdirSync(dataDir).filter((name) => /corrupt-[^-]*$/.test(name))).toHaveLength(1);
}, 60_000);

test("10 processes that take and release in a pool of 12 never share an address and leave none behind", async () => {
  const dataDir = testFolder();
  const small = { first: "10.0.0.2", last: "10.0.0.13", count: 40, churn: true };
  const runs = Array.from({ length: 10 }, (_, i) => runChild({ ...small, dataDir, id: `c${i}` }));
  const events = (await Promise.all(runs)).flat();
  // A shared address would end in a constraint of the table, an exhausted pool in null.
  expect(events.filter((event) => event.error !== undefined || event.address === null)).toEqual([]);
  expect(events).toHaveLength(400);
  expect(testStore({ dataDir }).leases.list()).toEqual([]);
  expectConsistent(dataDir, 12);
}, 60_000);

test("a process killed at any moment leaves a file that opens, and every address it announced is leased", async () => {
  const dataDir = testFolder();
  let random = seed;
  let announced = 0;
  for (let i = 0; i < 25; i++) {
    random = (random * 48271) % 0x7fffffff;
    const lines = 1 + (random % 20);
    const events = await killAfter({ ...task, dataDir, id: `c${i}`, count: 2000 }, lines);
    expect(events.filter((event) => event.error !== undefined)).toEqual([]);
    const leases = testStore({ dataDir }).leases;
    for (const [j, { address }] of events.entries()) {
      expect(leases.held(owner(`c${i}-${j}`).key).map((lease) => lease.address)).toEqual([address]);
    }
    announced += events.length;
  }
  const store = testStore({ dataDir });
  const held = store.leases.list();
  expect(held.length).toBeGreaterThanOrEqual(announced);
  for (const lease of held) store.leases.release(lease.key);
  expectConsistent(dataDir, 1021);
}, 120_000);

/** Kills the child with SIGKILL once it has printed so many lines. @returns all it printed */
async function killAfter(childTask: ChildTask, lines: number) {
  const [program, ...words] = childCommand(childTask);
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text.split("\n").length > lines) child.kill("SIGKILL");
  });
  await once(child, "close");
  return parseEvents(text.slice(0, text.lastIndexOf("\n") + 1));
}

/** Every address of the pool is fresh, leased or released, and in one of them only. */
function expectConsistent(dataDir: string, size: number): void {
  const database = new Database(join(dataDir, "state.db"));
  expect(database.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  const store = testStore({ dataDir });
  const taken = new Set<string>();
  store.transaction(() => {
    const pool = [interval("10.0.0.2", size === 12 ? "10.0.0.13" : "10.0.3.254")];
    for (;;) {
      const address = store.leases.takeNext(owner("all"), pool)?.address;
      if (address === undefined) return;
      taken.add(address);
    }
  });
  expect(taken.size).toBe(size);
  database.close();
}
