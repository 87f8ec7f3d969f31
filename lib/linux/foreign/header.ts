/** Which fields a part of a header holds, by what is known of the packet (RFC 791, 8200, 9293, 768, 792). */
import { hasPorts, IPPROTO } from "../../policy/packet.ts";
import type { HeaderBytes, Known, KnownField } from "./value.ts";

export interface HeaderField {
  readonly field: KnownField;
  /** In nft's words. */
  readonly text: string;
  /** Bytes from the beginning of the header. */
  readonly offset: number;
  readonly length: number;
}

const field = (name: KnownField, text: string, offset: number, length: number): HeaderField => ({
  field: name,
  text,
  offset,
  length,
});

const ETHERNET = [
  field("etherDestination", "ether daddr", 0, 6),
  field("etherSource", "ether saddr", 6, 6),
  field("etherType", "ether type", 12, 2),
];
const IPV4 = [
  field("l4proto", "ip protocol", 9, 1),
  field("saddr", "ip saddr", 12, 4),
  field("daddr", "ip daddr", 16, 4),
];
const IPV6 = [
  field("l4proto", "ip6 nexthdr", 6, 1),
  field("saddr", "ip6 saddr", 8, 16),
  field("daddr", "ip6 daddr", 24, 16),
];
const NAMES: Readonly<Record<number, string>> = {
  [IPPROTO.tcp]: "tcp",
  [IPPROTO.udp]: "udp",
  [IPPROTO.dccp]: "dccp",
  [IPPROTO.sctp]: "sctp",
  [IPPROTO.udplite]: "udplite",
};

/** The fields that these bytes touch, or undefined where nothing is known of the header. */
export function headerFields(bytes: HeaderBytes, length: number, known: Known): readonly HeaderField[] {
  const end = bytes.offset + length;
  return layout(bytes.base, known).filter(
    (one) => one.offset < end && bytes.offset < one.offset + one.length,
  );
}

function layout(base: HeaderBytes["base"], { family, protocol, bridge }: Known): readonly HeaderField[] {
  if (base === "ll") return bridge ? ETHERNET : [];
  if (base === "network") return family === 4 ? IPV4 : family === 6 ? IPV6 : [];
  if (protocol === IPPROTO.icmp) return [field("icmpType", "icmp type", 0, 1)];
  if (protocol === IPPROTO.icmp6) return [field("icmpType", "icmpv6 type", 0, 1)];
  if (protocol !== undefined && !hasPorts(protocol)) return [];
  const name = protocol === undefined ? "th" : (NAMES[protocol] ?? "th");
  const ports = [field("sport", `${name} sport`, 0, 2), field("dport", `${name} dport`, 2, 2)];
  return protocol === IPPROTO.tcp ? [...ports, field("tcpFlags", "tcp flags", 13, 1)] : ports;
}
