import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { isGarbage } from "../../../lib/directory/garbage.ts";
import {
  parseAliveRecord,
  parseBlockRecord,
  parseEndpointRecord,
  parseIpRecord,
  parseNetworkRecord,
  parseNodeRecord,
  parseOwnedRecord,
  parseRecord,
  parseVniRecord,
} from "../../../lib/directory/parse-records.ts";
import { formatRecord, type NetworkRecord, type NodeRecord } from "../../../lib/directory/records.ts";
import { seed } from "../seed.ts";

const blue: NetworkRecord = {
  v: 1,
  vni: 4097,
  mode: "routed",
  cidrs: [prefix("10.40.0.0/16"), prefix("fd00:40::/64")],
  blockBits: { 4: 26, 6: 122 },
  udpPort: 4789,
  gatewayMac: mac("02:00:00:00:00:01"),
};
const node: NodeRecord = {
  v: 1,
  uid: "n1",
  name: "host-1",
  epoch: 2,
  vtep: ip("192.0.2.1"),
  mac: mac("0e:2a:c0:00:02:01"),
  mtu: 1450,
  udpPort: 4789,
  bootId: "b1",
  wgPublicKey: "bm9uZQ==",
  platform: "linux",
  features: ["nexthop"],
};
const alive = { v: 1, bootId: "b1", agent: "1.2.3", sinceMs: 1_790_000_000_000 } as const;
const endpoint = { v: 1, ips: [ip("10.40.1.7"), ip("fd00:40::7")], mac: mac("02:00:00:00:00:07") } as const;

const parsers = {
  network: parseNetworkRecord,
  vni: parseVniRecord,
  node: parseNodeRecord,
  alive: parseAliveRecord,
  block: parseBlockRecord,
  owned: parseOwnedRecord,
  endpoint: parseEndpointRecord,
  ip: parseIpRecord,
};
type Kind = keyof typeof parsers;

const examples: readonly (readonly [Kind, { readonly v: 1 }])[] = [
  ["network", blue],
  ["vni", { v: 1, network: "blue" } as { v: 1 }],
  ["node", node],
  ["alive", alive],
  ["block", { v: 1, owner: "n1", epoch: 2, reserved: true } as { v: 1 }],
  ["owned", { v: 1 }],
  ["endpoint", endpoint],
  ["ip", { v: 1, node: "n1", container: "c1", ifname: "eth0" } as { v: 1 }],
];

describe("a record", () => {
  it.each(examples)("of a %s comes back as it was written", (kind, record) => {
    expect(parsers[kind](formatRecord(record))).toEqual(record);
  });

  it.each(examples)("of a %s keeps what a later release added, and writes it back", (kind, record) => {
    const later = { shade: { deep: [1, "x"] }, size: 3 };
    const parsed = parsers[kind](JSON.stringify({ ...record, ...later }));
    expect(parsed).toEqual({ ...record, other: later });
    expect(JSON.parse(formatRecord(parsed as { v: 1 }))).toEqual({ ...record, ...later });
  });

  it("has its version and its fields first, whatever else it holds", () => {
    expect(formatRecord({ v: 1, owner: "n1", other: { shade: "dark" } } as { v: 1 })).toBe(
      '{"v":1,"owner":"n1","shade":"dark"}',
    );
  });

  it("keeps a field named __proto__ as any other", () => {
    const text = '{"v":1,"owner":"n1","epoch":0,"__proto__":{"epoch":9}}';
    const parsed = parseBlockRecord(text);
    expect(parsed).toMatchObject({ owner: "n1", epoch: 0 });
    expect(formatRecord(parsed as { v: 1 })).toBe(text);
  });

  it.each(examples)("of a %s of a later version is not guessed at", (kind, record) => {
    const parsed = parsers[kind](JSON.stringify({ ...record, v: 2 }));
    expect(parsed).toEqual({ garbage: ["v: it is of version 2, this release reads 1"], newer: 2 });
  });

  it.each(["", "{", "null", "[]", '"x"', "{}", '{"v":"1"}', '{"v":0}', '{"v":1.5}', "\ufeff{}", "\0"])(
    "is garbage when the value is %j",
    (text) => {
      for (const parse of Object.values(parsers)) {
        const parsed = parse(text);
        expect(isGarbage(parsed) && parsed.garbage.length > 0 && parsed.newer === undefined).toBe(true);
      }
    },
  );

  it("is garbage when it is nested without end", () => {
    expect(parseNodeRecord(`{"v":1,"x":${"[".repeat(100_000)}`)).toHaveProperty("garbage");
  });

  it("says all that is wrong with it at once", () => {
    const parsed = parseNodeRecord(JSON.stringify({ v: 1, uid: "", vtep: "x", mac: 5, mtu: 9, epoch: -1 }));
    expect(isGarbage(parsed) && parsed.garbage.map((line) => line.split(":")[0])).toEqual([
      "uid",
      "name",
      "epoch",
      "vtep",
      "mac",
      "mtu",
      "platform",
    ]);
  });

  it("is read from anything without a throw", () => {
    fc.assert(
      fc.property(fc.constantFrom(...examples), fc.json(), fc.string(), (example, json, text) => {
        const [kind, record] = example;
        for (const parse of Object.values(parsers)) {
          parse(json);
          parse(text);
        }
        for (const field of Object.keys(record)) {
          const parsed = parsers[kind](JSON.stringify({ ...record, [field]: JSON.parse(json) }));
          if (!isGarbage(parsed)) expect(parsers[kind](formatRecord(parsed))).toEqual(parsed);
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});

describe("a record's field", () => {
  const bad = (kind: Kind, record: object, field: string, value: unknown) => {
    const parsed = parsers[kind](JSON.stringify({ ...record, [field]: value }));
    return isGarbage(parsed) ? parsed.garbage.join("; ") : parsed;
  };

  it.each([
    "0.0.0.0",
    "127.0.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "0.1.2.3",
    "::",
    "::1",
    "ff02::1",
    "1.2.3",
    7,
  ])("vtep is not %j, which is no host", (vtep) =>
    expect(bad("node", node, "vtep", vtep)).toMatch(/^vtep: expected an address of one host/),
  );

  it.each(["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "x"])("mac is not %j", (text) =>
    expect(bad("node", node, "mac", text)).toMatch(/^mac: expected a unicast MAC/),
  );

  it.each([
    ["vni", 0],
    ["vni", 16_777_216],
    ["mode", "bridged"],
    ["cidrs", []],
    ["cidrs", ["10.40.0.1/16"]],
    ["cidrs", ["10.40.0.0/16", 7]],
    ["cidrs", "10.40.0.0/16"],
    ["blockBits", 7],
    ["blockBits", 127],
    ["blockBits", { 4: 31 }],
    ["udpPort", 65_536],
    ["gatewayMac", "01:00:5e:00:00:01"],
  ])("%s of a network is not %j", (field, value) => {
    expect(bad("network", blue, field, value)).toMatch(new RegExp(`^${field}: expected`));
  });

  it("cidrs holds no address twice", () => {
    expect(bad("network", blue, "cidrs", ["10.0.0.0/8", "10.40.0.0/16"])).toMatch(
      /^cidrs\[1\]: expected one that does not overlap 10\.0\.0\.0\/8/,
    );
  });

  it("blockBits is a part of each of the cidrs", () => {
    expect(bad("network", { ...blue, cidrs: ["10.40.0.0/28"] }, "blockBits", 26)).toMatch(
      /^blockBits: expected the length of a part of 10\.40\.0\.0\/28/,
    );
  });

  it("blockBits may be one number, of the family that it fits", () => {
    expect(bad("network", blue, "blockBits", 24)).toMatchObject({ blockBits: { 4: 24, 6: 122 } });
    expect(bad("network", blue, "blockBits", 112)).toMatchObject({ blockBits: { 4: 26, 6: 112 } });
  });

  it("blockBits and udpPort need not be said", () => {
    const { blockBits: _, udpPort: __, ...rest } = blue;
    expect(parseNetworkRecord(JSON.stringify(rest))).toEqual(blue);
  });

  it("uid is that of the key", () => {
    expect(parseRecord({ kind: "nodes", uid: "n1" }, formatRecord(node))).toEqual(node);
    expect(parseRecord({ kind: "nodes", uid: "n2" }, formatRecord(node))).toEqual({
      garbage: ["uid: it is n1, at the place of n2"],
    });
  });
});
