/** Numbers of next hop objects, of which a host has one space for all programs. Pure. */
import type { Ip } from "../../addr/ip.ts";
import type { NexthopObject } from "../../netlink/route/nexthop.ts";

/** Above what daemons count up to, below what routing daemons keep for themselves ("vs" in ASCII and two bytes more). */
const first = 0x7673_0000;
const count = 0x8_0000;

/**
 * What is there keeps its number; none of `taken` is given. A new one begins its search at a place that derives from the network, so that two of
 * them seldom meet.
 */
export function nexthopIds(
  gateways: readonly Ip[],
  {
    nexthops,
    taken = [],
  }: { readonly nexthops: readonly NexthopObject[]; readonly taken?: Iterable<number> },
  tunnel: number,
  vni: number,
): ReadonlyMap<Ip, number> {
  const used = new Set([...taken, ...nexthops.map(({ id }) => id)]);
  const held = new Map(
    nexthops
      .filter(({ index, onlink }) => index === tunnel && onlink)
      .map(({ gateway, id }) => [gateway, id]),
  );
  let next = (vni * 8191) % count;
  const free = (): number => {
    while (used.has(first + next)) next = (next + 1) % count;
    used.add(first + next);
    return first + next;
  };
  return new Map(gateways.map((gateway) => [gateway, held.get(gateway) ?? free()]));
}
