/** The built ipam as a runtime or an interface plugin meets it: environment and stdin in, stdout and exit code out. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { testFolder, testStore } from "../../lib/state/fixture.ts";
import { interval, owner } from "../../lib/state/fixture-values.ts";
import { binDir } from "../../system/nat-lab.ts";

interface Call {
  readonly verb: string;
  readonly dataDir: string;
  readonly id?: string;
  readonly config?: JsonObject;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the command, such as `unshare`. */
  readonly before?: readonly string[];
}

async function call({ verb, dataDir, id = "a", config = {}, env = {}, before = [] }: Call) {
  const stdin = JSON.stringify({
    cniVersion: "1.1.0",
    name: "net",
    type: "bridge",
    ipam: { type: "ipam", subnet: "10.1.0.0/16", dataDir },
    ...config,
  });
  const cni = { CNI_COMMAND: verb, CNI_CONTAINERID: id, CNI_NETNS: "/proc/self/ns/net", CNI_IFNAME: "eth0" };
  const [program = "", ...words] = [...before, join(binDir, "ipam")];
  const done = await execa(program, words, {
    input: stdin,
    env: { ...cni, ...env },
    reject: false,
    timeout: 60_000,
  });
  return {
    code: done.exitCode,
    stderr: done.stderr,
    json: done.stdout === "" ? undefined : JSON.parse(done.stdout),
  };
}

test("ADD, CHECK, DEL and STATUS with the configuration of host-local", async () => {
  const dataDir = join(testFolder(), "state");
  const added = await call({ verb: "ADD", dataDir, config: { cniVersion: "0.4.0" } });
  const prevResult = {
    cniVersion: "0.4.0",
    ips: [{ version: "4", address: "10.1.0.2/16", gateway: "10.1.0.1" }],
    dns: {},
  };
  expect(added).toMatchObject({ code: 0, stderr: "", json: prevResult });
  const checked = await call({ verb: "CHECK", dataDir, config: { cniVersion: "0.4.0", prevResult } });
  expect(checked).toEqual({ code: 0, stderr: "", json: undefined });
  expect(await call({ verb: "STATUS", dataDir })).toEqual({ code: 0, stderr: "", json: undefined });
  expect(await call({ verb: "DEL", dataDir })).toEqual({ code: 0, stderr: "", json: undefined });
  expect(await call({ verb: "DEL", dataDir })).toEqual({ code: 0, stderr: "", json: undefined });
  const gone = await call({ verb: "CHECK", dataDir, config: { prevResult } });
  expect(gone).toMatchObject({ code: 1, json: { cniVersion: "1.1.0", code: 3 } });
});

test("VERSION and an empty command answer without touching any state", async () => {
  const dataDir = join(testFolder(), "state");
  expect((await call({ verb: "VERSION", dataDir })).json).toMatchObject({ cniVersion: "1.1.0" });
  expect(await call({ verb: "", dataDir })).toMatchObject({
    code: 0,
    json: undefined,
    stderr: expect.stringMatching(/CNI ipam plugin v/),
  });
  expect(existsSync(dataDir)).toBe(false);
});

test.each(["DEL", "GC", "STATUS"])("%s without any state is success and makes none", async (verb) => {
  const dataDir = join(testFolder(), "state");
  const config = { "cni.dev/valid-attachments": [] };
  expect(await call({ verb, dataDir, config })).toEqual({ code: 0, stderr: "", json: undefined });
  expect(existsSync(dataDir)).toBe(false);
});

test("an empty name, a relative dataDir and an unknown version leave no state", async () => {
  const dataDir = join(testFolder(), "state");
  const faults = [
    { name: "" },
    { cniVersion: "9.9.9" },
    { ipam: { type: "ipam", subnet: "10.1.0.0/16", dataDir: "x" } },
  ];
  const codes = await Promise.all(faults.map((config) => call({ verb: "ADD", dataDir, config })));
  expect(codes.map((each) => each.json.code)).toEqual([7, 1, 7]);
  expect(existsSync(dataDir)).toBe(false);
});

test("a damaged state file is rebuilt with a warning on stderr, and no address in use is given again", async () => {
  const dataDir = testFolder();
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, "state.db"), "garbage".repeat(1000));
  const added = await call({ verb: "ADD", dataDir });
  expect(added).toMatchObject({ code: 0, json: { ips: [{ address: "10.1.0.2/16" }] } });
  expect(added.stderr).toMatch(/ipam: state file .* was damaged/);
});

const mountable = spawnSync("unshare", ["--mount", "true"]).status === 0;
describe.skipIf(!mountable)(
  `on a read-only file system${mountable ? "" : " (skipped: no mount namespace, which takes root)"}`,
  () => {
    const script = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"';

    test("ADD is error 5, STATUS is 50, DEL of what never was is success", async () => {
      const folder = testFolder();
      const before = ["unshare", "--mount", "sh", "-ec", script, "sh", folder];
      const at = (verb: string) => call({ verb, dataDir: join(folder, "state"), before });
      expect((await at("ADD")).json).toMatchObject({ code: 5, details: expect.stringMatching(/dataDir/) });
      expect((await at("STATUS")).json).toMatchObject({ code: 50 });
      expect((await at("DEL")).code).toBe(0);
    });
  },
);

test("after a reboot old leases are free", async () => {
  const dataDir = testFolder();
  const before = testStore({ dataDir, bootId: "an-older-boot" });
  before.transaction(() => {
    for (let i = 0; i < 5; i++) before.leases.takeNext(owner(`c${i}`), [interval("10.1.0.2", "10.1.0.6")]);
  });
  const small = { ipam: { type: "ipam", subnet: "10.1.0.0/29", dataDir } };
  expect((await call({ verb: "ADD", dataDir, id: "new", config: small })).json).toMatchObject({
    ips: [{ address: "10.1.0.2/29" }],
  });
  expect(
    testStore({ dataDir })
      .leases.list()
      .map((lease) => lease.containerId),
  ).toEqual(["new"]);
});

test("60 ADDs and 60 DELs at once: every address once, then none left", async () => {
  const dataDir = join(testFolder(), "state");
  const ids = Array.from({ length: 60 }, (_, i) => `c${i}`);
  const added = await Promise.all(ids.map((id) => call({ verb: "ADD", dataDir, id })));
  expect(added.filter((each) => each.code !== 0)).toEqual([]);
  expect(new Set(added.map((each) => each.json.ips[0].address)).size).toBe(60);
  const deleted = await Promise.all(ids.map((id) => call({ verb: "DEL", dataDir, id })));
  expect(deleted.filter((each) => each.code !== 0)).toEqual([]);
  expect(testStore({ dataDir }).leases.list()).toEqual([]);
}, 120_000);
