/** A packet as the data path looks at it: the header fields that some layer consults, and nothing else. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";

interface Frame {
  readonly sourceMac: Mac;
  readonly destinationMac: Mac;
}

/** RFC 826. */
export interface ArpPacket extends Frame {
  readonly kind: "arp";
  readonly operation: "request" | "reply";
  readonly senderMac: Mac;
  readonly senderIp: Ip;
  readonly targetIp: Ip;
}

export interface IpPacket extends Frame {
  readonly kind: "ip";
  readonly source: Ip;
  readonly destination: Ip;
  /** IANA protocol number, behind IPv6 extension headers. */
  readonly protocol: number;
  /** Of protocols with ports. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** TCP: SYN without ACK. */
  readonly opens?: boolean;
  /** Of ICMP and ICMPv6. */
  readonly icmpType?: number;
  /** Neighbour solicitation and advertisement: the address that is asked for or claimed (RFC 4861). */
  readonly target?: Ip;
  /** The packet that an ICMP error is about. */
  readonly about?: Pick<IpPacket, "source" | "destination" | "protocol" | "sourcePort" | "destinationPort">;
  /** A piece of a packet: the first bears the ports, a later one does not. */
  readonly fragment?: "first" | "later";
  /** IP packet, header included, in bytes; absent: small enough for any link. */
  readonly bytes?: number;
  /** Hops left; absent: enough. */
  readonly ttl?: number;
}

/** Of a protocol that bears no address we know. */
export interface OtherPacket extends Frame {
  readonly kind: "other";
  /** As the switch sees it, which takes off one tag of a VLAN. Of an 802.3 frame its length. */
  readonly etherType: number;
  /** An 802.3 frame whose header names a protocol once more (RFC 1042). */
  readonly snap?: true;
}

/** 802.1Q and 802.1ad. */
const tags: readonly number[] = [0x8100, 0x88a8];

/**
 * Whether what is inside is nobody's to see: a receiver takes off as many priority tags as there are, some read SNAP,
 * and what they find may be IP or ARP (CVE-2021-27853, CVE-2021-27861).
 */
export const isWrapped = ({ etherType, snap }: OtherPacket): boolean =>
  snap === true || tags.includes(etherType);

export type Packet = ArpPacket | IpPacket | OtherPacket;

/** IANA protocol numbers. */
export const IPPROTO = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  dccp: 33,
  icmp6: 58,
  sctp: 132,
  udplite: 136,
} as const;

const withPorts: readonly number[] = [IPPROTO.tcp, IPPROTO.udp, IPPROTO.dccp, IPPROTO.sctp, IPPROTO.udplite];

/** Whether packets of this protocol begin with a source and a destination port. */
export const hasPorts = (protocol: number): boolean => withPorts.includes(protocol);

/** ICMPv6 types of neighbour discovery and multicast listening (RFC 4861, RFC 3810). */
export const ND = {
  listenerQuery: 130,
  listenerReport: 131,
  listenerDone: 132,
  routerSolicit: 133,
  routerAdvert: 134,
  neighbourSolicit: 135,
  neighbourAdvert: 136,
  redirect: 137,
  listenerReport2: 143,
} as const;
