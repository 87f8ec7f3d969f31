import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip, ipFromNumber } from "../../../lib/addr/ip.ts";
import { networkOf, prefix, prefixOf } from "../../../lib/addr/prefix.ts";
import { isGarbage } from "../../../lib/directory/garbage.ts";
import { directoryRoot, folderKey, formatKey, type Key, parseKey } from "../../../lib/directory/keys.ts";
import { seed } from "../seed.ts";

const spellings: readonly (readonly [string, Key])[] = [
  ["/vswitch/v1/networks/blue", { kind: "networks", network: "blue" }],
  ["/vswitch/v1/vnis/4097", { kind: "vnis", vni: 4097 }],
  ["/vswitch/v1/nodes/n1", { kind: "nodes", uid: "n1" }],
  ["/vswitch/v1/alive/n1", { kind: "alive", uid: "n1" }],
  ["/vswitch/v1/blocks/blue/10.40.1.0-26", { kind: "blocks", network: "blue", cidr: prefix("10.40.1.0/26") }],
  ["/vswitch/v1/blocks/a-b/fd00:1::-122", { kind: "blocks", network: "a-b", cidr: prefix("fd00:1::/122") }],
  [
    "/vswitch/v1/owned/n1/blue/10.40.1.0-26",
    { kind: "owned", uid: "n1", network: "blue", cidr: prefix("10.40.1.0/26") },
  ],
  [
    "/vswitch/v1/endpoints/blue/n1/c0ffee.eth0",
    { kind: "endpoints", network: "blue", uid: "n1", containerId: "c0ffee", ifname: "eth0" },
  ],
  ["/vswitch/v1/ips/blue/fd00::7", { kind: "ips", network: "blue", ip: ip("fd00::7") }],
];

describe("a key of the directory", () => {
  it.each(spellings)("%s is written and read", (text, key) => {
    expect(formatKey("/vswitch", key)).toBe(text);
    expect(parseKey("/vswitch", text)).toEqual(key);
  });

  it("tells a container's id from its interface, though both may have dots", () => {
    const common = { kind: "endpoints", network: "blue", uid: "n1" } as const;
    const one: Key = { ...common, containerId: "a.b", ifname: "c" };
    const other: Key = { ...common, containerId: "a", ifname: "b.c" };
    expect(formatKey("", one)).toBe("/v1/endpoints/blue/n1/a%2eb.c");
    expect(formatKey("", other)).toBe("/v1/endpoints/blue/n1/a.b.c");
    expect(parseKey("", formatKey("", one))).toEqual(one);
    expect(parseKey("", formatKey("", other))).toEqual(other);
  });

  it.each([
    "networks/",
    "networks/-blue",
    "networks/blue/green",
    "vnis/0",
    "vnis/04097",
    "vnis/16777216",
    "vnis/-1",
    "vnis/1e3",
    "nodes/",
    "nodes/a b",
    "alive/n1/n2",
    "blocks/blue/10.40.1.0",
    "blocks/blue/10.40.1.0/26",
    "blocks/blue/10.40.1.7-26",
    "blocks/blue/10.40.1.0-026",
    "blocks/blue/10.40.1.0-33",
    "blocks/blue/FD00::-64",
    "blocks/blue/fd00:0::-64",
    "blocks/blue/::ffff:10.40.1.0-122",
    "blocks/10.40.1.0-26",
    "owned/n1/10.40.1.0-26",
    "owned/n1/blue/red/10.40.1.0-26",
    "endpoints/blue/n1/c0ffee",
    "endpoints/blue/n1/c0ffee.",
    "endpoints/blue/n1/.eth0",
    "endpoints/blue/n1/c0ffee.all",
    "endpoints/blue/n1/c%2Eb.eth0",
    "endpoints/blue/n1/c%2fb.eth0",
    "endpoints/blue/n1/c.eth0/x",
    "endpoints/blue/n1/c.an-interface-that-is-too-long",
    "ips/blue/10.40.1.07",
    "ips/blue/10.40.1.7/32",
    "ips/blue/fd00:0::7",
    "ips/blue",
  ])("%s is garbage, and says so", (text) => {
    const key = parseKey("/p", `/p/v1/${text}`);
    expect(key !== undefined && isGarbage(key) && key.garbage).toEqual([
      expect.stringMatching(/^the key is (not|another spelling of) /),
    ]);
  });

  it.each(["/p/v2/nodes/n1", "/p/v1/cluster", "/p/v1/", "/q/v1/nodes/n1", "/p/v1/constructor/n1", ""])(
    "%j is none of ours",
    (text) => expect(parseKey("/p", text)).toBeUndefined(),
  );

  it("comes back as it was written, and no two things have one", () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(keys, (key) => {
        const text = formatKey("/p", key);
        expect(parseKey("/p", text)).toEqual(key);
        const said = JSON.stringify(Object.entries(key).sort());
        expect(seen.get(text) ?? said).toBe(said);
        seen.set(text, said);
      }),
      { seed, numRuns: 2000 },
    );
  });

  it("is read from any text without a throw", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...spellings), (text, [key]) => {
        parseKey("/vswitch", text);
        parseKey("/vswitch", key + text);
        parseKey("/vswitch", key.slice(0, 14) + text);
      }),
      { seed, numRuns: 1000 },
    );
  });
});

it("all keys of a folder begin with its key, and those of no other do", () => {
  const key = formatKey("/p", { kind: "owned", uid: "n1", network: "blue", cidr: prefix("10.0.0.0/26") });
  expect(key.startsWith(folderKey("/p", "owned", "n1"))).toBe(true);
  expect(key.startsWith(folderKey("/p", "owned", "n"))).toBe(false);
  expect(folderKey("/p", "nodes").startsWith(directoryRoot("/p"))).toBe(true);
});

const name = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,4}$/);
const ifname = fc.stringMatching(/^[a-z.ü_-]{1,4}$/).filter((text) => !["all", ".", ".."].includes(text));
const address = fc.oneof(
  fc.bigInt(0n, 2n ** 32n - 1n).map((number) => ipFromNumber(4, number)),
  fc.bigInt(2n ** 48n, 2n ** 128n - 1n).map((number) => ipFromNumber(6, number)),
);
const cidr = fc
  .tuple(address, fc.nat(128))
  .map(([first, bits]) => networkOf(prefixOf(first, first.includes(":") ? Math.max(bits, 16) : bits % 33)));
const keys: fc.Arbitrary<Key> = fc.oneof(
  fc.record({ kind: fc.constant("networks" as const), network: name }),
  fc.record({ kind: fc.constant("vnis" as const), vni: fc.integer({ min: 1, max: 2 ** 24 - 1 }) }),
  fc.record({ kind: fc.constantFrom("nodes" as const, "alive" as const), uid: name }),
  fc.record({ kind: fc.constant("blocks" as const), network: name, cidr }),
  fc.record({ kind: fc.constant("owned" as const), uid: name, network: name, cidr }),
  fc.record({
    kind: fc.constant("endpoints" as const),
    network: name,
    uid: name,
    containerId: name,
    ifname,
  }),
  fc.record({ kind: fc.constant("ips" as const), network: name, ip: address }),
);
