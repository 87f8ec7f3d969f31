/** Addresses that cannot come from, or go beyond, a link: what the kernel drops before any rule of a filter. */
import { type Ip, ipFamily, isLoopback, isUnspecified } from "../../addr/ip.ts";
import { contains, hostPrefix, prefix, prefixAddress } from "../../addr/prefix.ts";
import { addressCell } from "./consulted.ts";
import { networkOfSwitch } from "./find.ts";
import { isLinkLocal6, isMulticast, limitedBroadcast, linkLocal6, loopbacks, multicast } from "./groups.ts";
import type { Fault } from "./link.ts";
import type { Cells } from "./look.ts";
import type { IpWalk } from "./walk.ts";

const zero = prefix("0.0.0.0/8");
const known = [
  ...loopbacks,
  ...multicast,
  zero,
  linkLocal6,
  prefix("::/128"),
  prefix("0.0.0.0/32"),
  hostPrefix(limitedBroadcast),
];

/** net/ipv4/route.c ip_route_input_slow, net/ipv6/ip6_input.c, ip6_forward. @returns undefined when all is well */
export function martian(walk: IpWalk): Fault | undefined {
  const { source, destination } = walk.packet;
  return ipFamily(destination) === 4 ? martian4(walk, source, destination) : martian6(source, destination);
}

/** How much of the addresses it looks at. */
export function martianCells(walk: IpWalk): Cells {
  const { source, destination } = walk.packet;
  return {
    source: addressCell(source, [...known, ...own(walk).map(hostPrefix)]),
    destination: addressCell(destination, known),
  };
}

const own = ({ scene }: IpWalk): readonly Ip[] =>
  scene.host.interfaces.flatMap(({ addresses }) => addresses.map(prefixAddress));

function martian4(walk: IpWalk, source: Ip, destination: Ip): Fault | undefined {
  if (isMulticast(source) || source === limitedBroadcast) return badSource(source, "is no sender");
  // What is sent to all may come from nobody yet: DHCP.
  const isToAll = destination === limitedBroadcast;
  if (isUnspecified(source) && isToAll) return undefined;
  if (contains(zero, source)) return badSource(source, "is no sender");
  if (contains(zero, destination)) return badDestination(destination, "is no destination");
  const fromSwitch = networkOfSwitch(walk.scene, walk.in) !== undefined;
  if (!fromSwitch && isLoopback(destination)) return badDestination(destination, "is the host's own");
  if (!fromSwitch && isLoopback(source)) return badSource(source, "is the host's own");
  return own(walk).includes(source) ? badSource(source, "is an address of the host") : undefined;
}

function martian6(source: Ip, destination: Ip): Fault | undefined {
  if (isMulticast(source)) return badSource(source, "is no sender");
  if (isLoopback(source)) return badSource(source, "is the host's own");
  if (isLoopback(destination)) return badDestination(destination, "is the host's own");
  if (isUnspecified(destination)) return badDestination(destination, "is no destination");
  return undefined;
}

const logged = "`sysctl -w net.ipv4.conf.all.log_martians=1` logs such packets.";

const badSource = (address: Ip, why: string): Fault => ({
  reason: "martian",
  by: `${address} ${why}: it cannot come from a link`,
  remedy: `The sender must use an address of its own; ${logged}`,
});

const badDestination = (address: Ip, why: string): Fault => ({
  reason: "martian",
  by: `${address} ${why}: no link may lead there`,
  remedy: `The host must be called on an address of one of its links; ${logged}`,
});

/** Addresses that stay on their link (ip6_forward). @returns undefined when the packet may be forwarded */
export function bound(walk: IpWalk): Fault | undefined {
  const { source, destination } = walk.packet;
  const stays = [destination, source].find((address) => isLinkLocal6(address) || address === "::");
  if (stays === undefined) return undefined;
  return {
    reason: "scope",
    by: `${stays} is of the link alone, and is not forwarded`,
    remedy: "Both ends need addresses that reach beyond the link: not of fe80::/10.",
  };
}
