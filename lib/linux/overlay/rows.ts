/**
 * Rows of the kernel's tables by which other hosts are reached. Pure.
 *
 * In the mode `routed` a packet takes the route of its subnet to the peer's gateway, the neighbour gives that the peer's
 * MAC, and the forwarding row gives the MAC its VTEP: three rows for each peer, and a route for each subnet. In the mode
 * `stretched` each remote container has a neighbour, by which the switch answers for it, and rows for its MAC.
 */
import { type Family, type Ip, ipFamily } from "../../addr/ip.ts";
import { linkLocal, type Mac, mac } from "../../addr/mac.ts";
import { networkOf, type Prefix, prefixAddress, prefixFamily } from "../../addr/prefix.ts";
import type { Peer, RemoteEndpoint } from "../../model/peer.ts";
import type { OverlaySwitch } from "../../model/switch.ts";
import type { Remotes } from "../../seam/backend.ts";

export interface Rows {
  /** Of the tunnel: what is for the MAC goes to the VTEP. */
  readonly forwarding: readonly { readonly mac: Mac; readonly vtep: Ip }[];
  /** Of the bridge: the MAC is behind the tunnel. */
  readonly behind: readonly Mac[];
  /** On the tunnel in mode `routed`, else on the bridge. */
  readonly neighbours: readonly { readonly address: Ip; readonly mac: Mac }[];
  readonly nexthops: readonly Ip[];
  readonly routes: readonly RemoteRoute[];
  /** From whom VXLAN packets are taken. */
  readonly vteps: readonly Ip[];
}

export interface RemoteRoute {
  readonly destination: Prefix;
  /** One of the next hops; absent: nobody has it, and it leaves by no other way either. */
  readonly gateway?: Ip;
  /** Of the host in the network, where it has one. */
  readonly source?: Ip;
  /** Bytes; absent: the tunnel's. */
  readonly mtu?: number;
}

/** On a tunnel: where to send what no other row knows. */
export const everybody: Mac = mac("00:00:00:00:00:00");

/** Containers that are here, and the gateway, are nowhere else, whatever a directory says. */
export function elsewhere({ gateways }: OverlaySwitch, { peers, own }: Remotes): readonly Peer[] {
  const here = new Set([...own, ...gateways.map(prefixAddress)]);
  const isHere = ({ addresses }: RemoteEndpoint): boolean => addresses.some((address) => here.has(address));
  return peers.map((peer) =>
    peer.endpoints.some(isHere) ? { ...peer, endpoints: peer.endpoints.filter((one) => !isHere(one)) } : peer,
  );
}

/** @param peers without containers that are here */
export function rowsOf(vswitch: OverlaySwitch, peers: readonly Peer[]): Rows {
  const reachable = peers.filter(({ vtep }) => ipFamily(vtep) === ipFamily(vswitch.tunnel.vtep));
  const rows = vswitch.mode === "routed" ? routedRows(vswitch, reachable) : stretchedRows(vswitch, reachable);
  return { ...rows, vteps: [...new Set(reachable.map(({ vtep }) => vtep))] };
}

function routedRows(vswitch: OverlaySwitch, peers: readonly Peer[]): Omit<Rows, "vteps"> {
  const ways = peers
    .filter(({ subnets }) => subnets.length > 0)
    .map((peer) => ({ ...peer, gateway: gatewayTo(peer) }));
  const toRoute = routeTo(vswitch);
  return {
    forwarding: ways.map(({ mac, vtep }) => ({ mac, vtep })),
    behind: [],
    neighbours: ways.map(({ gateway, mac }) => ({ address: gateway, mac })),
    nexthops: ways.map(({ gateway }) => gateway),
    routes: [
      ...ways.flatMap((way) => way.subnets.map((subnet) => toRoute(way, subnet))),
      ...vswitch.cidrs.map((destination) => ({ destination })),
    ],
  };
}

interface Way extends Peer {
  readonly gateway: Ip;
}

function routeTo({ gateways, mtu: most }: OverlaySwitch) {
  const sourceOf = (family: Family): Pick<RemoteRoute, "source"> => {
    const own = gateways.find((gateway) => prefixFamily(gateway) === family);
    return own === undefined ? {} : { source: prefixAddress(own) };
  };
  const sources = { 4: sourceOf(4), 6: sourceOf(6) };
  return ({ gateway, mtu = most }: Way, subnet: Prefix): RemoteRoute => ({
    destination: networkOf(subnet),
    gateway,
    ...sources[prefixFamily(subnet)],
    ...(mtu >= most ? {} : { mtu }),
  });
}

/**
 * By which address the peer is the next hop on the tunnel. Nobody asks for it: it stands for the peer's MAC alone. An IPv6
 * one serves routes of both families; where everything is IPv4 the host need not have IPv6.
 */
export function gatewayTo({ vtep, mac, subnets }: Peer): Ip {
  const all4 = ipFamily(vtep) === 4 && subnets.every((subnet) => prefixFamily(subnet) === 4);
  return all4 ? vtep : linkLocal(mac);
}

function stretchedRows({ tunnel, forwarding }: OverlaySwitch, peers: readonly Peer[]): Omit<Rows, "vteps"> {
  const remote = peers.flatMap(({ vtep, endpoints }) => endpoints.map((endpoint) => ({ vtep, ...endpoint })));
  return {
    forwarding: [
      ...remote.map(({ mac, vtep }) => ({ mac, vtep })),
      ...(tunnel.flood ? peers.map(({ vtep }) => ({ mac: everybody, vtep })) : []),
    ],
    behind: remote.map(({ mac }) => mac),
    neighbours: remote.flatMap(({ addresses, mac }) =>
      addresses
        .filter((address) => forwarding.includes(ipFamily(address)))
        .map((address) => ({ address, mac })),
    ),
    nexthops: [],
    routes: [],
  };
}
