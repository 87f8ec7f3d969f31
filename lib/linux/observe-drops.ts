/** What the layers of our ports dropped, as their sets in nftables count it. */
import type { Drops } from "../model/counters.ts";
import type { Netlink } from "../netlink/connection.ts";

/** @returns by the name of the port; a host without our table has none */
export function observeDrops(_rules: Netlink): ReadonlyMap<string, readonly Drops[]> {
  return new Map();
}
