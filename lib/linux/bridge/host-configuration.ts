/** Reading what the host has on an interface, as it can be made again on another. Changes nothing. */
import { networkOf } from "../../addr/prefix.ts";
import type { HostConfiguration } from "../../model/host-configuration.ts";
import { getNested, getU8 } from "../../netlink/attr.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { decodeAddress, dumpAddresses } from "../../netlink/route/address.ts";
import type { Link } from "../../netlink/route/decode-link.ts";
import { decodeRoute, type Route } from "../../netlink/route/decode-route.ts";
import { AF_INET6 } from "../../netlink/route/family.ts";
import { IFLA_AF_SPEC } from "../../netlink/route/ifinfo.ts";
import { dumpNeighbours } from "../../netlink/route/neighbour.ts";
import { dumpRoutes } from "../../netlink/route/route.ts";
import { RTPROT_KERNEL } from "../../netlink/route/rtmsg.ts";
import { type AddressRecord, recordAddress } from "../../netlink/route/transfer/transfer-address.ts";
import { recordNeighbour } from "../../netlink/route/transfer/transfer-neighbour.ts";
import { isDerived, recordRoute } from "../../netlink/route/transfer/transfer-route.ts";
import type { Readers } from "../machine.ts";

const IFLA_INET6_ADDR_GEN_MODE = 8;
/** IP6_RT_PRIO_USER of linux/ipv6_route.h, where nobody has chosen another. */
const defaultLearntMetric = "1024";

export interface OnLink extends HostConfiguration {
  /** Numbers of next hop objects that routes out of the link use, which belong to it alone. */
  readonly nexthopObjects: readonly number[];
}

export function readHostConfiguration(
  { host, readSysctl }: Pick<Readers, "host" | "readSysctl">,
  link: Link,
): OnLink {
  const { index, name } = link;
  const addressReplies = host
    .request(dumpAddresses({ index }))
    .filter((reply) => decodeAddress(reply).index === index);
  const addresses = addressReplies.flatMap((reply) => recordAddress(reply, name) ?? []);
  const learntMetric = Number(readSysctl(["ipv6", "conf", name, "ra_defrtr_metric"]) ?? defaultLearntMetric);
  const own = routesOf(host, index);
  const mode = addrGenMode(link);
  return {
    addresses: addresses.map(({ subnetRoute: _, ...address }, i) =>
      isUnrouted(addresses[i] as AddressRecord, own) ? { ...address, unrouted: true } : address,
    ),
    routes: own.map(({ reply }) => recordRoute(reply, index, learntMetric)),
    neighbours: [false, true].flatMap((proxy) =>
      host.request(dumpNeighbours({ index, proxy })).flatMap((reply) => recordNeighbour(reply) ?? []),
    ),
    nexthopObjects: [...new Set(own.flatMap(({ route }) => route.nexthopId ?? []))],
    ...(mode === undefined ? {} : { addrGenMode: mode }),
  };
}

/** Those that others need come first: on the link itself, then through a gateway. */
function routesOf(host: Netlink, index: number) {
  const found = host
    .request(dumpRoutes({ index }))
    .map((reply) => ({ reply, route: decodeRoute(reply) }))
    .filter(({ reply, route }) => uses(route, index) && !isDerived(reply, route));
  const near = ({ route }: (typeof found)[number]): boolean =>
    route.nexthops.every(({ gateway }) => gateway === undefined);
  return [...found.filter(near), ...found.filter((one) => !near(one))];
}

const uses = (route: Route, index: number): boolean => route.nexthops.some((hop) => hop.index === index);

/** Whether the route that the kernel makes with an address is not there. */
function isUnrouted(
  { address, subnetRoute }: AddressRecord,
  routes: readonly { readonly route: Route }[],
): boolean {
  if (!subnetRoute) return false;
  const subnet = networkOf(address);
  return !routes.some(({ route }) => route.protocol === RTPROT_KERNEL && route.dst === subnet);
}

/** Absent where the link has no IPv6. */
function addrGenMode({ attrs }: Link): number | undefined {
  const inet6 = getNested(getNested(attrs, IFLA_AF_SPEC) ?? [], AF_INET6);
  return inet6 && getU8(inet6, IFLA_INET6_ADDR_GEN_MODE);
}
