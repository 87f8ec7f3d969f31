/** Peers that a first listing does not have any more, before another one agrees: a process that has just begun knows them alone. */
import { overlaps } from "../addr/prefix.ts";
import type { Peer } from "../model/peer.ts";
import { hasShrunk } from "./judge-listing.ts";

/** Whether what a listing came to is to be asked for once more before anybody is taken for gone. */
export function isDoubtful(
  known: readonly Peer[],
  listed: readonly Peer[],
  listing: { readonly garbage: boolean },
): boolean {
  const there = new Set(listed.map(({ node }) => node));
  if (known.every(({ node }) => there.has(node))) return false;
  return listing.garbage || hasShrunk(known.length, listed.length);
}

/** All that are listed, and those known that are in no one's way. */
export function withheld(known: readonly Peer[], listed: readonly Peer[]): readonly Peer[] {
  const nodes = new Set(listed.map(({ node }) => node));
  const vteps = new Set(listed.map(({ vtep }) => vtep));
  const macs = new Set(listed.map(({ mac }) => mac));
  const subnets = listed.flatMap((peer) => peer.subnets);
  const remote = listed.flatMap(({ endpoints }) => endpoints);
  const taken = new Set(remote.flatMap(({ addresses, mac }) => [...addresses, mac] as readonly string[]));
  const kept = known
    .filter(({ node, vtep, mac }) => !nodes.has(node) && !vteps.has(vtep) && !macs.has(mac))
    .map((peer) => ({
      ...peer,
      subnets: peer.subnets.filter((subnet) => !subnets.some((other) => overlaps(subnet, other))),
      endpoints: peer.endpoints.filter(
        ({ addresses, mac }) => ![mac, ...addresses].some((one) => taken.has(one)),
      ),
    }));
  return [...listed, ...kept].sort((a, b) => (a.node < b.node ? -1 : 1));
}
