import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../lib/cni/read.ts";
import type { PatientFiles } from "../../../../plugins/vswitch/doctor/patient.ts";
import { findNetwork } from "../../../../plugins/vswitch/run/find-network.ts";
import { attachedJson, formatAttached, formatKept } from "../../../../plugins/vswitch/run/format-run.ts";
import {
  cniArgs,
  pluginConf,
  pluginEnvironment,
  requireCapabilities,
} from "../../../../plugins/vswitch/run/plugin-conf.ts";
import { formatPublication, parsePublication } from "../../../../plugins/vswitch/run/publish.ts";
import {
  claimRecord,
  deleteRecord,
  isRunning,
  listRecords,
  type RunRecord,
  readRecord,
  ticksOf,
  writeRecord,
} from "../../../../plugins/vswitch/run/record.ts";

describe("what is to be published", () => {
  test.each([
    ["8080:80", "8080/tcp -> 80"],
    ["53/udp", "53/udp -> 53"],
    ["127.0.0.1:8080:80/TCP", "127.0.0.1:8080/tcp -> 80"],
    ["[2001:db8::1]:8080:80/sctp", "[2001:db8::1]:8080/sctp -> 80"],
    ["65535:1", "65535/tcp -> 1"],
  ])("is read: %s", (text, expected) => {
    expect(formatPublication(parsePublication(text))).toBe(expected);
  });

  test.each([
    "",
    "x",
    "0:80",
    "80:0",
    "65536",
    "80:80/icmp",
    "1.2.3:80:80",
    "300.1.1.1:80:80",
    "[nix]:80:80",
    "80:",
  ])("is refused with examples: %j", (text) => {
    expect(() => parsePublication(text)).toThrow("127.0.0.1:8080:80");
  });
});

/** Files by their whole path. */
const filesOf = (texts: Readonly<Record<string, string>>): PatientFiles => ({
  text: (path) => texts[path],
  list: (folder) =>
    Object.keys(texts)
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1))
      .toSorted(),
  stat: () => undefined,
  space: () => undefined,
});

describe("the configuration of a network", () => {
  const files = filesOf({
    "/c/10-a.conflist": JSON.stringify({
      cniVersion: "1.0.0",
      name: "a",
      plugins: [{ type: "nat" }, { type: "tuning" }],
    }),
    "/c/20-b.conf": JSON.stringify({ cniVersion: "0.4.0", name: "b", type: "bridge" }),
    "/c/30-a.conflist": JSON.stringify({ cniVersion: "1.0.0", name: "a", plugins: [{ type: "other" }] }),
    "/c/40-broken.conf": "{",
    "/c/50-untyped.conf": JSON.stringify({ name: "untyped" }),
    "/c/60-path.conflist": JSON.stringify({ name: "path", plugins: [{ type: "nat" }, { type: "../evil" }] }),
    "/c/notes.txt": "",
  });

  test("is the first that defines it, each plugin with name and version", () => {
    expect(findNetwork("a", "/c", files)).toEqual({
      name: "a",
      file: "/c/10-a.conflist",
      plugins: [
        { type: "nat", name: "a", cniVersion: "1.0.0" },
        { type: "tuning", name: "a", cniVersion: "1.0.0" },
      ],
    });
  });

  test("may be a file of one plugin, named by its path", () => {
    expect(findNetwork("/c/20-b.conf", "/none", files)).toMatchObject({
      name: "b",
      plugins: [{ type: "bridge" }],
    });
  });

  test.each([
    ["c", "it defines a, b, untyped, path"],
    ["/c/none.conf", "there is no such file"],
    ["/c/notes.txt", "must end in .conflist"],
    ["/c/40-broken.conf", "it is no JSON"],
    ["untyped", "a plugin has no type"],
    ["path", '"../evil" is not the name of a plugin'],
  ])("that is none is refused, saying why: %s", (wanted, why) => {
    expect(() => findNetwork(wanted, "/c", files)).toThrow(why);
  });

  test("that is missing among broken files tells of those", () => {
    try {
      findNetwork("c", "/c", files);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ details: expect.stringContaining("40-broken.conf: it is no JSON") });
    }
  });
});

const published = { publish: [parsePublication("8080:80")], ips: [] };
const nat = (capabilities?: JsonObject): JsonObject => ({
  type: "nat",
  name: "n",
  ...(capabilities && { capabilities }),
});

describe("a plugin of a chain", () => {
  test("gets the ports when it declares that it takes them, and the result of the one before", () => {
    const conf = pluginConf(nat({ portMappings: true }), published, { cniVersion: "1.0.0" });
    expect(conf).toMatchObject({
      prevResult: { cniVersion: "1.0.0" },
      runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }] },
    });
    expect(pluginConf(nat(), published, undefined)).toEqual(nat());
    expect(pluginConf(nat({ portMappings: false }), published, undefined)).not.toHaveProperty(
      "runtimeConfig",
    );
  });

  test("that takes no ports makes a wish for them an error with its remedy", () => {
    expect(() => requireCapabilities([nat()], published)).toThrow(
      expect.objectContaining({ details: expect.stringContaining('"portMappings": true') }),
    );
    requireCapabilities([nat(), nat({ portMappings: true })], published);
    requireCapabilities([nat()], { publish: [], ips: [] });
  });

  test("gets an address by the capability where one declares it, else by CNI_ARGS", () => {
    const wishes = { publish: [], ips: ["10.0.0.5", "fd00::5"] };
    expect(cniArgs([nat()], wishes)).toBe("IgnoreUnknown=1;IP=10.0.0.5,fd00::5");
    expect(cniArgs([nat({ ips: true })], wishes)).toBe("");
    expect(pluginConf(nat({ ips: true }), wishes, undefined)).toMatchObject({
      runtimeConfig: { ips: ["10.0.0.5", "fd00::5"] },
    });
  });

  test("gets the variables of the specification", () => {
    const attachment = { containerId: "c", ifname: "eth0", netns: "/n", wishes: { publish: [], ips: [] } };
    expect(pluginEnvironment("ADD", attachment, [nat()], ["/a", "/b"])).toEqual({
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: "c",
      CNI_IFNAME: "eth0",
      CNI_NETNS: "/n",
      CNI_PATH: "/a:/b",
      CNI_ARGS: "",
    });
  });
});

const record: RunRecord = {
  id: "web",
  network: "nat",
  pid: process.pid,
  startedTicks: ticksOf(process.pid) ?? "",
  keep: false,
  chain: { plugins: [nat()], binDirs: ["/opt/cni/bin"], env: {} },
  attachment: { containerId: "web", ifname: "eth0", netns: "/run/netns/vswitch-web", wishes: published },
};

describe("what a run says", () => {
  test("is one line with addresses and ports", () => {
    const result = { cniVersion: "1.0.0", ips: [{ address: "10.0.0.2/24" }, { address: "fd00::2/64" }] };
    expect(formatAttached(record, result)).toBe("web on nat: 10.0.0.2/24 fd00::2/64, 8080/tcp -> 80");
    expect(formatAttached(record, {})).toBe("web on nat: without an address, 8080/tcp -> 80");
  });

  test.each<JsonObject>([
    { vnic: "vmNic" },
    { VNIC: "vmnic" },
    { args: { cni: { vnic: { vnic: "vmNic", tapName: "tap0" } } } },
  ])("tells a command that is no monitor that it has no network: %j", (key) => {
    const guest = { ...record, chain: { ...record.chain, plugins: [{ type: "nat", ...key }] } };
    expect(formatAttached(guest, {})).toContain(
      "\n  for a virtual machine (vnic vmNic): the compartment has a tap and no address; vswitch guest-config --container web",
    );
    expect(JSON.parse(attachedJson(guest, {}))).toMatchObject({ vnic: "vmNic" });
    expect(JSON.parse(attachedJson(record, {}))).not.toHaveProperty("vnic");
  });

  test("tells of one that is kept how to enter and to remove it", () => {
    expect(formatKept(record)).toContain("nsenter --net=/run/netns/vswitch-web");
    expect(formatKept(record)).toContain("vswitch run --remove web");
  });
});

describe("what is known of a run", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "runs-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("is found again by its id, and by nobody but its owner", () => {
    expect(claimRecord(record, folder)).toBe(true);
    expect(claimRecord({ ...record, pid: 1 }, folder)).toBe(false);
    expect(readRecord("web", folder)).toEqual(record);
    writeRecord(record, folder);
    expect(statSync(join(folder, "web.json")).mode & 0o777).toBe(0o600);
    writeFileSync(join(folder, "broken.json"), "{");
    expect(listRecords(folder)).toEqual([record]);
    deleteRecord("web", folder);
    expect(readRecord("web", folder)).toBeUndefined();
    expect(listRecords(join(folder, "none"))).toEqual([]);
  });

  test("tells its process from another one with the same number", () => {
    expect(isRunning(record)).toBe(true);
    expect(isRunning({ ...record, startedTicks: "1" })).toBe(false);
    expect(isRunning({ ...record, pid: 2 ** 22 + 1 })).toBe(false);
  });
});
