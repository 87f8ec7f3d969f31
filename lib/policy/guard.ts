/**
 * Guard: a port sends only from its own MAC and addresses, its ARP and neighbour discovery claim only those, and it is
 * neither router nor DHCP server unless allowed. A switch of Windows does this by default.
 */
import { type Ip, ipFamily } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import { type ArpPacket, IPPROTO, type IpPacket, isWrapped, ND, type Packet } from "./packet.ts";

export const guardAllowances = ["dhcp-server", "router"] as const;
export type GuardAllowance = (typeof guardAllowances)[number];

export interface Guard {
  readonly kind: "Guard";
  readonly mac: Mac;
  /** What it may send from and claim; its link-local address among them. */
  readonly addresses: readonly Ip[];
  readonly allow: readonly GuardAllowance[];
}

/** Why the guard drops a packet: the name of the counter, too. */
export type GuardReason = "spoofed" | "service";

/** UDP ports at which DHCP clients listen (RFC 2131, RFC 8415): only servers send to them. */
export const dhcpClientPorts = { 4: 68, 6: 546 } as const;

/** At which a server listens to clients that have no IPv4 address yet; those of DHCPv6 have a link-local one. */
export const dhcpServerPort4 = 67;

/** What may come from the unspecified address, before a host has one (RFC 4862, RFC 3810). */
export const unspecifiedTypes: readonly number[] = [
  ND.routerSolicit,
  ND.listenerReport,
  ND.listenerDone,
  ND.listenerReport2,
];

/** @returns undefined when the packet may enter the switch */
export function guardDrops(guard: Guard, packet: Packet): GuardReason | undefined {
  if (packet.sourceMac !== guard.mac) return "spoofed";
  switch (packet.kind) {
    case "arp":
      return claimsOwn(guard, packet) ? undefined : "spoofed";
    case "ip":
      return ipDrops(guard, packet);
    case "other":
      return isWrapped(packet) ? "spoofed" : undefined;
  }
}

/** A probe (RFC 5227) names no sender: it claims what it asks for. */
function claimsOwn({ mac, addresses }: Guard, { senderMac, senderIp, targetIp }: ArpPacket): boolean {
  const claimed = senderIp === "0.0.0.0" ? targetIp : senderIp;
  return senderMac === mac && addresses.includes(claimed);
}

function ipDrops(guard: Guard, packet: IpPacket): GuardReason | undefined {
  const own = guard.addresses.includes(packet.source);
  if (!own) return asksForAddress(guard, packet) ? undefined : "spoofed";
  const { protocol, icmpType, destinationPort, target } = packet;
  if (packet.fragment === "later") return undefined;
  const family = ipFamily(packet.source);
  if (protocol === IPPROTO.udp && destinationPort === dhcpClientPorts[family])
    return guard.allow.includes("dhcp-server") ? undefined : "service";
  if (protocol !== IPPROTO.icmp6 || family === 4) return undefined;
  if (icmpType === ND.routerAdvert || icmpType === ND.redirect)
    return guard.allow.includes("router") ? undefined : "service";
  if (icmpType !== ND.neighbourAdvert) return undefined;
  return target !== undefined && guard.addresses.includes(target) ? undefined : "spoofed";
}

/** Duplicate address detection claims its target. */
function asksForAddress({ addresses }: Guard, packet: IpPacket): boolean {
  const { source, protocol, destinationPort, fragment, icmpType, target } = packet;
  if (fragment === "later") return false;
  if (source === "0.0.0.0") return protocol === IPPROTO.udp && destinationPort === dhcpServerPort4;
  if (source !== "::") return false;
  if (protocol !== IPPROTO.icmp6 || icmpType === undefined) return false;
  if (icmpType === ND.neighbourSolicit) return target !== undefined && addresses.includes(target);
  return unspecifiedTypes.includes(icmpType);
}
