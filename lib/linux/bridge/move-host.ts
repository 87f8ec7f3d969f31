/** Moving what the host has from one link to another, as requests that go to the kernel in one datagram. Pure. */
import type { Family, Ip } from "../../addr/ip.ts";
import { hostPrefix, networkOf, type Prefix, prefixFamily } from "../../addr/prefix.ts";
import type { HostAddress, HostConfiguration, HostObject } from "../../model/host-configuration.ts";
import type { Request } from "../../netlink/message.ts";
import { addRoute, deleteRoute, type NewRoute } from "../../netlink/route/route.ts";
import { RTPROT_KERNEL, RTPROT_VSWITCH } from "../../netlink/route/rtmsg.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { addRecordedAddress, deleteRecordedAddress } from "../../netlink/route/transfer/transfer-address.ts";
import {
  addRecordedNeighbour,
  deleteRecordedNeighbour,
} from "../../netlink/route/transfer/transfer-neighbour.ts";
import { addRecordedRoute, deleteRecordedRoute } from "../../netlink/route/transfer/transfer-route.ts";
import type { ErrnoName } from "../../os/errno.ts";
import type { Deed } from "../step.ts";

export interface Move {
  readonly configuration: HostConfiguration;
  /** Indexes of links. */
  readonly from: number;
  readonly to: number;
  /** Leads out of the bridge or into it: the bridge's index, or 0. */
  readonly port: { readonly index: number; readonly master: number };
}

/** Nothing is left of an IPv6 link: that it has no such setting is no failure. */
const without6: readonly ErrnoName[] = ["EAFNOSUPPORT"];

/**
 * Every address is on the new link before it leaves the old one: the host has it all the time, and the kernel takes no
 * route that is from it. Routes leave the old link first, so that none of several ways becomes a second one.
 */
export function moveHost({ configuration, from, to, port }: Move): readonly Deed[] {
  const { addresses, routes, neighbours, addrGenMode } = configuration;
  const into = port.master !== 0;
  const ways = waysTo([...new Set(routes.flatMap(({ gateways }) => gateways))], to);
  const mastered: Deed = { request: setLink(port.index, { master: port.master }) };
  return [
    // A port that speaks for itself would have the host's link-local address a second time.
    ...(addrGenMode === undefined
      ? []
      : [{ request: setLink(from, { addrGenMode: "none" }), accept: without6 }]),
    ...(into ? [mastered] : []),
    ...inOrder(addresses).flatMap((address) => addTo(address, to)),
    ...routes.map((route): Deed => ({ request: deleteRecordedRoute(route, from), accept: ["ESRCH"] })),
    ...inOrder(addresses)
      .toReversed()
      .map((address): Deed => ({ request: deleteRecordedAddress(address, from), accept: ["EADDRNOTAVAIL"] })),
    ...(into ? [] : [mastered]),
    ...ways.map((way): Deed => ({ request: addRoute(way), accept: ["EEXIST"] })),
    ...routes.map((route): Deed => ({ request: addRecordedRoute(route, to), accept: ["EEXIST"] })),
    ...ways.map(
      (way): Deed => ({ request: deleteRoute({ ...way, protocol: RTPROT_VSWITCH }), accept: ["ESRCH"] }),
    ),
    ...addresses
      .filter(({ unrouted }) => unrouted)
      .map(({ address }): Deed => ({ request: deleteSubnetRoute(address, to), accept: ["ESRCH"] })),
    ...neighbours.flatMap((neighbour) => moveNeighbour(neighbour, from, to)),
    ...(addrGenMode === undefined ? [] : [{ request: setLink(to, { addrGenMode }), accept: without6 }]),
  ];
}

/**
 * A route stays when the way to its gateway goes, but none is made without one: each gateway is on the link while routes
 * move. The metric is nobody else's, so that what was there is not taken away with it.
 */
function waysTo(gateways: readonly Ip[], index: number): readonly NewRoute[] {
  return gateways.map((gateway) => ({ dst: hostPrefix(gateway), index, priority: 0x7ff0_0118 }));
}

/** The kernel lists the latest IPv6 address first, and of equal ones prefers that; of IPv4 addresses it is the earliest. */
function inOrder(addresses: readonly HostAddress[]): readonly HostAddress[] {
  const ofFamily = (family: Family) => addresses.filter(({ address }) => prefixFamily(address) === family);
  return [...ofFamily(4), ...ofFamily(6).toReversed()];
}

/** Which the kernel has made with the address. */
function deleteSubnetRoute(address: Prefix, index: number): Request {
  return deleteRoute({ dst: networkOf(address), index, protocol: RTPROT_KERNEL });
}

function addTo(address: HostAddress, to: number): readonly Deed[] {
  return addRecordedAddress(address, to).map((request) => ({ request }));
}

function moveNeighbour(neighbour: HostObject, from: number, to: number): readonly Deed[] {
  return [
    // A table that is full is no reason: what was found is found again.
    { request: addRecordedNeighbour(neighbour, to), accept: ["ENOBUFS"] },
    { request: deleteRecordedNeighbour(neighbour, from), accept: ["ENOENT"] },
  ];
}
