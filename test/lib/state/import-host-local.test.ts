import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { importHostLocal } from "../../../lib/state/import-host-local.ts";
import { testFolder, testStore } from "./fixture.ts";
import { interval, owner } from "./fixture-values.ts";

function hostLocalFolder(files: Readonly<Record<string, string>>): string {
  const folder = testFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

test("leases of host-local become ours, with container and interface, and are not given out again", () => {
  const folder = hostLocalFolder({
    "10.0.0.2": "container-a\r\neth0",
    "10.0.0.3": "container-b\nnet1\n",
    "10.0.0.5": "container-old",
    "fd00::5": "container-a\r\neth0",
    fd00__6: "container-w\r\neth0",
    "last_reserved_ip.0": "10.0.0.5",
    "last_reserved_ip.1": "fd00::6",
    lock: "",
  });
  const store = testStore({ dataDir: testFolder() });
  expect(importHostLocal({ folder, network: "net" }, store)).toEqual({
    imported: 5,
    unknown: 0,
    known: 0,
    skipped: [],
  });
  const held = (id: string, ifname = "eth0") =>
    store.leases.held(owner(id, { ifname }).key).map((lease) => lease.address);
  expect(held("container-a")).toEqual(["10.0.0.2", "fd00::5"]);
  expect(held("container-b", "net1")).toEqual(["10.0.0.3"]);
  expect(held("container-old")).toEqual(["10.0.0.5"]);
  expect(held("container-w")).toEqual(["fd00::6"]);
  const pool = [interval("10.0.0.2", "10.0.0.6")];
  expect(store.leases.takeNext(owner("new"), pool)?.address).toBe("10.0.0.4");
  expect(store.leases.takeNext(owner("new2"), pool)?.address).toBe("10.0.0.6");
});

test("an empty file keeps its address taken, for nobody knows by whom, until it is released", () => {
  const folder = hostLocalFolder({ "10.0.0.2": "", "10.0.0.3": "\r\n" });
  const store = testStore({ dataDir: testFolder() });
  expect(importHostLocal({ folder, network: "net" }, store)).toMatchObject({ imported: 2, unknown: 2 });
  const leases = store.leases.list("net");
  expect(leases.map((lease) => lease.containerId)).toEqual(["unknown", "unknown"]);
  expect(new Set(leases.map((lease) => lease.key)).size).toBe(2);
});

test("odd files are passed over by name, and the rest is taken", () => {
  const folder = hostLocalFolder({ "10.0.0.2": "a\r\neth0", "10.0.0.2.bak": "b", README: "hello" });
  mkdirSync(join(folder, "10.0.0.9"));
  const store = testStore({ dataDir: testFolder() });
  const report = importHostLocal({ folder, network: "net" }, store);
  expect(report.imported).toBe(1);
  expect(report.skipped).toEqual([
    expect.stringContaining("10.0.0.2.bak"),
    expect.stringContaining("10.0.0.9"),
    expect.stringContaining("README"),
  ]);
});

test("it may run again, and an address that is somebody else's by now stays his", () => {
  const folder = hostLocalFolder({ "10.0.0.2": "a\r\neth0", "10.0.0.3": "b\r\neth0" });
  const store = testStore({ dataDir: testFolder() });
  store.leases.take(owner("other"), ip("10.0.0.3"));
  const source = { folder, network: "net" };
  expect(importHostLocal(source, store)).toMatchObject({
    imported: 1,
    known: 0,
    skipped: [expect.stringMatching(/other.*b/)],
  });
  expect(importHostLocal(source, store)).toMatchObject({ imported: 0, known: 1 });
  expect(store.leases.list("net").map((lease) => lease.containerId)).toEqual(["a", "other"]);
});

test("a folder that is not there is CNI error 5", () => {
  const store = testStore({ dataDir: testFolder() });
  const run = () => importHostLocal({ folder: "/nonexistent/networks/x", network: "net" }, store);
  expect(run).toThrow(
    expect.objectContaining({ code: 5, message: expect.stringContaining("/nonexistent/networks/x") }),
  );
});
