import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import type { Store } from "../../../lib/state/store.ts";
import { parseIpamConfig } from "../../../plugins/ipam/config.ts";
import { isLacking } from "../../../plugins/ipam/pool/is-lacking.ts";
import type { Lack } from "../../../plugins/ipam/pool/lacking.ts";
import { owner } from "../../lib/state/fixture-values.ts";
import { type Ipam, ipamFor } from "./fixture.ts";

const base: JsonObject = {
  store: "etcd",
  endpoints: ["http://10.0.0.5:2379/"],
  cidrs: ["10.40.0.0/16"],
  blockBits: 29,
};
const backend = { compartmentExists: () => true, remove: () => {} };

/** With blocks, as this host has them of the directory. */
function withBlocks(blocks: readonly string[], more: JsonObject = {}): Ipam {
  const ipam = ipamFor({ ...base, ...more }, { backend });
  ipam.store.pools.put({
    network: "net",
    spec: {},
    checkedMs: ipam.now,
    triedMs: ipam.now,
    bootId: "boot-1",
  });
  for (const [i, block] of blocks.entries()) putBlock(ipam.store, block, i);
  return ipam;
}

const putBlock = (store: Store, block: string, claimedMs: number): void =>
  store.blocks.put({ network: "net", prefix: prefix(block), revision: "1", claimedMs });

function lackOf(fn: () => unknown): Lack {
  try {
    fn();
  } catch (error) {
    if (isLacking(error)) return error.lack;
    throw error;
  }
  throw new Error("nothing is lacking");
}

describe("an ADD on a network that is dealt out", () => {
  it("gets the addresses of this host's blocks, the older block's first, with the block's own gateway", () => {
    const ipam = withBlocks(["10.40.7.8/29", "10.40.1.0/29"]);
    const given = ["a", "b", "c", "d", "e", "f"].map((id) => ipam.add(id).ips[0]);
    expect(given.map((each) => each?.address)).toEqual([
      ...[10, 11, 12, 13, 14].map((last) => `10.40.7.${last}/29`),
      "10.40.1.2/29",
    ]);
    expect([given[0]?.gateway, given[5]?.gateway]).toEqual(["10.40.7.9", "10.40.1.1"]);
  });

  it("gets them with the network's own subnet and gateway where it is stretched, each of which only one host gives", () => {
    const ipam = withBlocks(["10.40.0.0/29", "10.40.0.8/29", "10.40.255.248/29"], { mode: "stretched" });
    const given = Array.from({ length: 6 + 8 + 7 }, (_, i) => ipam.add(`c${i}`).ips[0]);
    expect(given[0]).toMatchObject({ address: "10.40.0.2/16", gateway: "10.40.0.1" });
    expect(given[6]).toMatchObject({ address: "10.40.0.8/16" });
    expect(given[20]).toMatchObject({ address: "10.40.255.254/16" });
    expect(lackOf(() => ipam.add("more")).families).toEqual([4]);
  });

  it("asks for a block of each family that has no room, and has leased nothing then", () => {
    const ipam = withBlocks(["10.40.1.0/29"], { cidrs: ["10.40.0.0/16", "fd00:40::/64"], blockBits: 29 });
    expect(lackOf(() => ipam.add("a"))).toMatchObject({ families: [4, 6], timeoutMs: 5000 });
    expect(ipam.store.leases.list()).toEqual([]);
    putBlock(ipam.store, "fd00:40::40/122", 9);
    expect(ipam.add("a").ips.map(({ address }) => address)).toEqual(["10.40.1.2/29", "fd00:40::42/122"]);
  });

  it("gets nothing out of a block that was lost", () => {
    const ipam = withBlocks(["10.40.1.0/29", "10.40.2.0/29"]);
    const [row] = ipam.store.blocks.list();
    if (row !== undefined) ipam.store.blocks.put({ ...row, lostMs: 1 });
    expect(ipam.add("a").ips[0]?.address).toBe("10.40.2.2/29");
  });

  it("gets the same again when it is repeated", () => {
    const ipam = withBlocks(["10.40.1.0/29"]);
    expect(ipam.add("a").ips).toEqual(ipam.add("a").ips);
  });

  it("asks whether the blocks are still this host's after a reboot, and when nobody has for a quarter of an hour", () => {
    const ipam = withBlocks(["10.40.1.0/29"]);
    ipam.add("a");
    ipam.now += 15 * 60_000;
    expect(lackOf(() => ipam.add("b"))).toMatchObject({ families: [] });
    const row = ipam.store.pools.get("net");
    if (row === undefined) throw new Error("it is gone");
    // Nobody answered: the next ADDs do not wait for it as well.
    ipam.store.pools.put({ ...row, triedMs: ipam.now });
    ipam.add("b");
    ipam.store.pools.put({ ...row, triedMs: ipam.now, checkedMs: ipam.now, bootId: "boot-0" });
    expect(lackOf(() => ipam.add("c"))).toMatchObject({ families: [] });
  });

  it("asks nobody for an address of a block of this host", () => {
    const ipam = withBlocks(["10.40.1.0/29"]);
    expect(ipam.add("a", {}, { CNI_ARGS: "IP=10.40.1.5" }).ips[0]?.address).toBe("10.40.1.5/29");
    expect(ipam.try("b", {}, { CNI_ARGS: "IP=10.40.1.5" })).toBe(103);
  });

  it("asks for an address of another block, and has it once it is claimed, until it is given back", () => {
    const ipam = withBlocks([]);
    const env = { CNI_ARGS: "IP=10.40.9.5" };
    const { fixed } = lackOf(() => ipam.add("a", {}, env));
    expect(fixed).toMatchObject({ address: "10.40.9.5", owner: { key: owner("a").key } });
    const row = { network: "net", address: ip("10.40.9.5"), revision: "3", claimedMs: ipam.now };
    ipam.store.fixed.put({ ...row, key: owner("a").key });
    expect(ipam.add("a", {}, env)).toMatchObject({
      ips: [{ address: "10.40.9.5/29", gateway: "10.40.9.1" }],
      apart: ["10.40.9.5"],
    });
    // Somebody else's claim, and one that is being given back, serve nobody.
    ipam.del("a");
    expect(lackOf(() => ipam.add("b", {}, env)).fixed).toBeDefined();
    ipam.store.fixed.put({ ...row, key: "" });
    expect(lackOf(() => ipam.add("a", {}, env)).fixed).toBeDefined();
  });

  it("asks anew for one that was claimed long ago and is leased to nobody", () => {
    const ipam = withBlocks([]);
    const env = { CNI_ARGS: "IP=10.40.9.5" };
    const row = { network: "net", address: ip("10.40.9.5"), revision: "3", key: owner("a").key };
    ipam.store.fixed.put({ ...row, claimedMs: ipam.now - 60_000 });
    expect(lackOf(() => ipam.add("a", {}, env)).fixed).toBeDefined();
  });

  it.each(["10.41.0.5", "10.40.9.0", "10.40.9.1", "10.40.9.7", "fd00::5"])(
    "is refused %s, which no host can give",
    (address) => {
      expect(withBlocks(["10.40.1.0/29"]).try("a", {}, { CNI_ARGS: `IP=${address}` })).toBe(7);
    },
  );

  it("takes a range of one address for a wish, and refuses longer ones", () => {
    const ipam = withBlocks(["10.40.1.0/29"]);
    const ranges = (rangeStart: string, rangeEnd: string): JsonObject => ({
      runtimeConfig: { ipRanges: [[{ subnet: "10.40.0.0/16", rangeStart, rangeEnd }]] },
    });
    expect(ipam.add("a", ranges("10.40.1.4", "10.40.1.4")).ips[0]?.address).toBe("10.40.1.4/29");
    expect(ipam.try("b", ranges("10.40.1.4", "10.40.1.6"))).toBe(7);
  });

  it("is seen by CHECK and freed by DEL without a word to the directory", () => {
    const ipam = withBlocks(["10.40.1.0/29"]);
    ipam.add("a");
    ipam.check("a", ["10.40.1.2/29"]);
    expect(() => ipam.check("a", ["10.40.1.3/29"])).toThrow(expect.objectContaining({ code: 109 }));
    ipam.status();
    ipam.del("a");
    expect(ipam.store.leases.list()).toEqual([]);
  });
});

describe("its configuration", () => {
  const parse = (over: JsonObject) => parseIpamConfig({ ipam: { type: "ipam", raw: { ...base, ...over } } });

  it("needs where etcd is and the network's addresses, and nothing else", () => {
    expect(parseIpamConfig({ ipam: { type: "ipam", raw: { ...base, blockBits: undefined } } }).pool).toEqual({
      access: { endpoints: ["http://10.0.0.5:2379"], prefix: "/vswitch" },
      cidrs: ["10.40.0.0/16"],
      blockBits: { 4: 26, 6: 122 },
      mode: "routed",
      timeoutMs: 5000,
      addresses: [],
    });
  });

  it.each<[string, JsonObject]>([
    ["ipam.cidrs", { cidrs: undefined }],
    ["ipam.cidrs[0]", { cidrs: ["10.40.0.1/16"] }],
    ["ipam.cidrs[1]", { cidrs: ["10.40.0.0/16", "10.40.1.0/24"] }],
    ["ipam.blockBits", { cidrs: ["10.40.0.0/30"] }],
    ["ipam.endpoints", { endpoints: undefined }],
    ["ipam.endpoints[0]", { endpoints: ["10.0.0.5:2379"] }],
    ["ipam.user", { user: "node" }],
    ["ipam.tls", { tls: { cert: "/c.pem" } }],
    ["ipam.subnet", { subnet: "10.40.0.0/24" }],
    ["ipam.source", { source: "dhcp" }],
    ["ipam.store", { store: "consul" }],
  ])("has a fault at %s where that is off", (path, over) => {
    expect(() => parse(over)).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringContaining(path) }),
    );
  });

  it("tells a misspelt key", () => {
    expect(() => parse({ endpoint: ["http://10.0.0.5:2379"] })).toThrow(expect.objectContaining({ code: 2 }));
  });
});
