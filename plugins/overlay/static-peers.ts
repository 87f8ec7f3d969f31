/**
 * The directory where more than its own key has a word: HCN's RemoteSubnetRoute are peers of a static one, MACs of
 * containers may have another prefix, and nobody else has what is this host's own. Pure.
 */
import { type Ip, ipFamily } from "../../lib/addr/ip.ts";
import { contains, networkOf, type Prefix, prefixAddress, prefixLength } from "../../lib/addr/prefix.ts";
import { type Issue, report } from "../../lib/cni/read.ts";
import type { DirectoryConfig } from "../../lib/directory/config.ts";
import { distinctPrefixes } from "../../lib/hcn/lists.ts";
import { sameEverywhere } from "../../lib/hcn/network-policies.ts";
import type { Peer } from "../../lib/model/peer.ts";
import type { OverlayMode } from "../../lib/model/switch.ts";
import { type MacPrefix, vtepMac } from "../../lib/model/vtep.ts";
import { type RawDirectory, readDirectory } from "./directory.ts";
import type { DirectoryWord } from "./directory-word.ts";
import type { RemoteSubnet } from "./hcn.ts";

/** What the configuration says of the network and of this host. */
export interface Own {
  readonly mode: OverlayMode;
  readonly subnets: readonly Prefix[];
  readonly vtep: Ip | undefined;
  readonly macPrefix: MacPrefix | undefined;
}

/** @param raw where there is none, `routes` are the directory. @returns undefined after a report */
export function readWholeDirectory(
  raw: RawDirectory | DirectoryWord | undefined,
  routes: readonly RemoteSubnet[],
  own: Own,
  issues: Issue[],
): DirectoryConfig | undefined {
  const [route] = routes;
  const directory = readDirectory(raw ?? (route && { type: "static" }), own.mode, issues);
  if (route !== undefined && own.mode === "stretched")
    report(issues, route.at, "nothing in mode stretched: peers have endpoints there", "RemoteSubnetRoute");
  if (directory?.type !== "static") {
    if (route !== undefined && directory !== undefined)
      report(
        issues,
        route.at,
        `nothing: the directory of type ${directory.type} tells of the peers`,
        "RemoteSubnetRoute",
      );
    return directory;
  }
  const peers = withMacPrefix(withRoutes(directory.peers, routes, issues), own.macPrefix);
  requireOneFamily(own.vtep, peers, issues);
  refuseSubnetsTwice(peers, own.subnets, issues);
  return { type: "static", peers };
}

/** Routes by one ProviderAddress are one peer, which may stand in the directory as well: then both must say the same. */
function withRoutes(
  peers: readonly Peer[],
  routes: readonly RemoteSubnet[],
  issues: Issue[],
): readonly Peer[] {
  if (routes.length === 0) return peers;
  const byVtep = Map.groupBy(routes, ({ vtep }) => vtep);
  const more = [...byVtep.keys()].filter((vtep) => !peers.some((peer) => peer.vtep === vtep));
  const bare = more.map(
    (vtep): Peer => ({ node: vtep, vtep, mac: vtepMac(vtep), subnets: [], endpoints: [] }),
  );
  const joined = [...peers, ...bare].map((peer) => extend(peer, byVtep.get(peer.vtep) ?? [], issues));
  for (const [mac, [one, other]] of Map.groupBy(joined, (peer) => peer.mac))
    if (other !== undefined)
      report(issues, "directory.peers", `one peer with mac ${mac}`, `${one?.vtep} and ${other.vtep}`);
  return joined;
}

/** A MAC that follows from the address was named by nobody. */
function extend(peer: Peer, routes: readonly RemoteSubnet[], issues: Issue[]): Peer {
  if (routes.length === 0) return peer;
  const named = peer.mac === vtepMac(peer.vtep) ? [] : [peer.mac];
  const mac = sameEverywhere(`MAC of ${peer.vtep}`, [...named, ...routes.map((route) => route.mac)], issues);
  const subnets = distinctPrefixes([...peer.subnets, ...routes.map(({ subnet }) => subnet)]);
  return { ...peer, mac: mac ?? peer.mac, subnets };
}

/** Containers of all hosts have MACs of one prefix. */
function withMacPrefix(peers: readonly Peer[], prefix: MacPrefix | undefined): readonly Peer[] {
  if (prefix === undefined) return peers;
  return peers.map((peer) => ({
    ...peer,
    endpoints: peer.endpoints.map((endpoint) => {
      const [address] = endpoint.addresses;
      return address === undefined ? endpoint : { ...endpoint, mac: vtepMac(address, prefix) };
    }),
  }));
}

function requireOneFamily(vtep: Ip | undefined, peers: readonly Peer[], issues: Issue[]): void {
  const first = vtep ?? peers[0]?.vtep;
  const other = peers.find((peer) => first !== undefined && ipFamily(peer.vtep) !== ipFamily(first));
  if (other !== undefined)
    report(issues, "directory.peers", `addresses of one family with ${first}`, other.vtep);
}

/** A file for one host is easily copied to the other as it is: what lies in a subnet of this host is on its own switch. */
function refuseSubnetsTwice(peers: readonly Peer[], own: readonly Prefix[], issues: Issue[]): void {
  const holds = (outer: Prefix, inner: Prefix): boolean =>
    prefixLength(outer) <= prefixLength(inner) && contains(outer, prefixAddress(inner));
  const holders = new Map<Prefix, Peer>();
  for (const peer of peers) {
    for (const subnet of peer.subnets.map(networkOf)) {
      const mine = own.find((one) => holds(one, subnet));
      if (mine !== undefined)
        report(issues, "directory.peers", `subnets of ${peer.vtep} apart from this host's ${mine}`, subnet);
      const other = holders.get(subnet);
      if (other !== undefined)
        report(issues, "directory.peers", `one peer with ${subnet}`, `${other.vtep} and ${peer.vtep}`);
      holders.set(subnet, peer);
    }
  }
}
