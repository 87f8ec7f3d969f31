/** An Ethernet frame as far as filters and lines of text go by it. Pure. */
import { type Ip, ipFromBytes } from "../../../lib/addr/ip.ts";
import { type Mac, macFromBytes } from "../../../lib/addr/mac.ts";

export interface DecodedFrame {
  readonly destinationMac: Mac;
  readonly sourceMac: Mac;
  readonly vlan?: number;
  /** `arp`, `tcp`, `udp`, `icmp`, `icmpv6`, `sctp`, else `ip/NUMBER` or `0xTYPE`. */
  readonly protocol: string;
  /** Of ARP, who asks and who is asked for. */
  readonly source?: Ip;
  readonly destination?: Ip;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** IEEE 802 numbers. */
const ETHERTYPE = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd, vlan: 0x8100, serviceVlan: 0x88a8 } as const;
/** IANA protocol numbers. */
const protocols: Readonly<Record<number, string>> = {
  1: "icmp",
  6: "tcp",
  17: "udp",
  58: "icmpv6",
  132: "sctp",
};
const withPorts = new Set(["tcp", "udp", "sctp"]);
/** IPv6 extension headers that others follow (RFC 8200 4): hop-by-hop, routing, destination options. */
const extensions = new Set([0, 43, 60]);
const FRAGMENT = 44;

/** @returns undefined for what is no whole Ethernet header */
export function decodeFrame(bytes: Uint8Array): DecodedFrame | undefined {
  if (bytes.length < 14) return undefined;
  const macs = {
    destinationMac: macFromBytes(bytes.slice(0, 6)),
    sourceMac: macFromBytes(bytes.slice(6, 12)),
  };
  let [type, at, vlan] = [be16(bytes, 12), 14, undefined as number | undefined];
  while ((type === ETHERTYPE.vlan || type === ETHERTYPE.serviceVlan) && bytes.length >= at + 4) {
    vlan = be16(bytes, at) & 0xfff;
    type = be16(bytes, at + 2);
    at += 4;
  }
  const tagged = vlan === undefined ? macs : { ...macs, vlan };
  const rest = bytes.subarray(at);
  const other = { ...tagged, protocol: `0x${type.toString(16).padStart(4, "0")}` };
  switch (type) {
    case ETHERTYPE.arp:
      return { ...tagged, protocol: "arp", ...decodeArp(rest) };
    case ETHERTYPE.ip:
      return rest.length < 20 ? other : { ...tagged, ...decodeIp4(rest) };
    case ETHERTYPE.ip6:
      return rest.length < 40 ? other : { ...tagged, ...decodeIp6(rest) };
    default:
      return other;
  }
}

type Upper = Omit<DecodedFrame, "destinationMac" | "sourceMac" | "vlan">;

/** RFC 826, of IPv4 on Ethernet. */
function decodeArp(bytes: Uint8Array): Partial<Upper> {
  if (bytes.length < 28 || be16(bytes, 2) !== ETHERTYPE.ip) return {};
  return { source: ipFromBytes(bytes.slice(14, 18)), destination: ipFromBytes(bytes.slice(24, 28)) };
}

function decodeIp4(bytes: Uint8Array): Upper {
  const addresses = {
    source: ipFromBytes(bytes.slice(12, 16)),
    destination: ipFromBytes(bytes.slice(16, 20)),
  };
  const laterFragment = (be16(bytes, 6) & 0x1fff) !== 0;
  return { ...addresses, ...decodeUpper(bytes[9] ?? 0, bytes, ((bytes[0] ?? 0) & 0xf) * 4, laterFragment) };
}

function decodeIp6(bytes: Uint8Array): Upper {
  const addresses = {
    source: ipFromBytes(bytes.slice(8, 24)),
    destination: ipFromBytes(bytes.slice(24, 40)),
  };
  let [next, at, laterFragment] = [bytes[6] ?? 0, 40, false];
  while ((extensions.has(next) || next === FRAGMENT) && at + 8 <= bytes.length) {
    const length = next === FRAGMENT ? 8 : ((bytes[at + 1] ?? 0) + 1) * 8;
    if (next === FRAGMENT) laterFragment = be16(bytes, at + 2) >> 3 !== 0;
    next = bytes[at] ?? 0;
    at += length;
  }
  return { ...addresses, ...decodeUpper(next, bytes, at, laterFragment) };
}

/** The pieces of a packet behind the first have no ports. */
function decodeUpper(number: number, bytes: Uint8Array, at: number, laterFragment: boolean): Upper {
  const protocol = protocols[number] ?? `ip/${number}`;
  if (laterFragment || !withPorts.has(protocol) || bytes.length < at + 4) return { protocol };
  return { protocol, sourcePort: be16(bytes, at), destinationPort: be16(bytes, at + 2) };
}

const be16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
