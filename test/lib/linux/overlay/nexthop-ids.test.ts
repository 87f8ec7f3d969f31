import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { nexthopIds } from "../../../../lib/linux/overlay/nexthop-ids.ts";
import type { NexthopObject } from "../../../../lib/netlink/route/nexthop.ts";

const tunnel = 7;
const gateways = [ip("fe80::1"), ip("fe80::2"), ip("fe80::3")];
const object = (id: number, gateway: string, over: Partial<NexthopObject> = {}): NexthopObject => ({
  ...{ id, index: tunnel, gateway: ip(gateway), onlink: true, protocol: 118, attrs: [] },
  ...over,
});
const idsOf = (nexthops: readonly NexthopObject[], taken: readonly number[] = [], vni = 4097) => [
  ...nexthopIds(gateways, { nexthops, taken }, tunnel, vni).values(),
];

describe("numbers of next hops", () => {
  it("are one for each, the same ones each time", () => {
    const ids = idsOf([]);
    expect(new Set(ids).size).toBe(3);
    expect(idsOf([])).toEqual(ids);
    for (const id of ids) expect(id - 0x7673_0000).toBeGreaterThanOrEqual(0);
    for (const id of ids) expect(id - 0x7673_0000).toBeLessThan(0x8_0000);
  });

  it("stay what they are, in whatever order they were given", () => {
    expect(idsOf([object(5, "fe80::3"), object(9, "fe80::1")])).toEqual([9, expect.any(Number), 5]);
  });

  it("are none of anybody else's", () => {
    const [first = 0, second = 0] = idsOf([]);
    const others = [object(first, "fe80::1", { index: 8 }), object(second, "fe80::2", { onlink: false })];
    const ids = idsOf(others);
    expect(ids).not.toContain(first);
    expect(ids).not.toContain(second);
    expect(idsOf([], [first, second])).not.toContain(first);
  });

  it("begin elsewhere for another network, and at the start again behind the last", () => {
    expect(idsOf([])[0]).not.toBe(idsOf([], [], 4098)[0]);
    // 8191 * 64 is the last but 64 of them.
    const last = 0x7673_0000 + 0x8_0000 - 1;
    const taken = Array.from({ length: 64 }, (_, i) => last - i);
    expect(idsOf([], taken, 64)[0]).toBe(0x7673_0000);
  });
});
