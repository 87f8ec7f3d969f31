/** What rules look at: header fields and properties of packets, by nft's names, with the type of their values. */
import type { DatatypeName } from "../../netlink/nft/datatype.ts";
import type { Expression } from "../../netlink/nft/expr/expression.ts";
import type { MetaKey } from "../../netlink/nft/expr/meta.ts";
import type { Payload } from "../../netlink/nft/expr/payload.ts";

export interface Field {
  readonly type: DatatypeName;
  /** The packet must be of this protocol, or the bytes mean something else. */
  readonly protocol?: NetworkProtocol;
  readonly load: (register: number) => Expression;
}

export type NetworkProtocol = "ip" | "ip6" | "arp";

/**
 * Offsets and lengths in bytes: RFC 791 3.1, RFC 8200 3, RFC 826; ports are first in TCP, UDP and SCTP alike.
 *
 * Those that begin with `@` nft cannot compare with a key of this type: such rules come by netlink only. `@nh` are
 * addresses where the chain is of one protocol already, and its rules need not ask again. `@th` read the target of
 * neighbour discovery (RFC 4861 4.3), and the packet that an ICMP error is about (RFC 792, RFC 4443: an IP header
 * behind 8 bytes; IPv4 without options). `@th,104,16` and `@th,96,8` are the lower two bytes of a VNI and the upper one
 * (RFC 7348 5), which nft has no type for.
 */
export const FIELDS = {
  "ip saddr": { type: "ipv4_addr", protocol: "ip", load: header("network", 12, 4) },
  "ip daddr": { type: "ipv4_addr", protocol: "ip", load: header("network", 16, 4) },
  "ip6 saddr": { type: "ipv6_addr", protocol: "ip6", load: header("network", 8, 16) },
  "ip6 daddr": { type: "ipv6_addr", protocol: "ip6", load: header("network", 24, 16) },
  "arp saddr ether": { type: "ether_addr", protocol: "arp", load: header("network", 8, 6) },
  "arp saddr ip": { type: "ipv4_addr", protocol: "arp", load: header("network", 14, 4) },
  "arp daddr ip": { type: "ipv4_addr", protocol: "arp", load: header("network", 24, 4) },
  "ether saddr": { type: "ether_addr", load: header("ll", 6, 6) },
  "th sport": { type: "inet_service", load: header("transport", 0, 2) },
  "th dport": { type: "inet_service", load: header("transport", 2, 2) },
  "@nh,96,32": { type: "ipv4_addr", load: header("network", 12, 4) },
  "@nh,128,32": { type: "ipv4_addr", load: header("network", 16, 4) },
  "@nh,64,128": { type: "ipv6_addr", load: header("network", 8, 16) },
  "@nh,192,128": { type: "ipv6_addr", load: header("network", 24, 16) },
  "@th,64,128": { type: "ipv6_addr", load: header("transport", 8, 16) },
  "@th,136,8": { type: "inet_proto", load: header("transport", 17, 1) },
  "@th,160,32": { type: "ipv4_addr", load: header("transport", 20, 4) },
  "@th,192,32": { type: "ipv4_addr", load: header("transport", 24, 4) },
  "@th,224,16": { type: "inet_service", load: header("transport", 28, 2) },
  "@th,240,16": { type: "inet_service", load: header("transport", 30, 2) },
  "@th,112,8": { type: "inet_proto", load: header("transport", 14, 1) },
  "@th,128,128": { type: "ipv6_addr", load: header("transport", 16, 16) },
  "@th,256,128": { type: "ipv6_addr", load: header("transport", 32, 16) },
  "@th,384,16": { type: "inet_service", load: header("transport", 48, 2) },
  "@th,400,16": { type: "inet_service", load: header("transport", 50, 2) },
  "@th,104,16": { type: "inet_service", load: header("transport", 13, 2) },
  "@th,96,8": { type: "inet_proto", load: header("transport", 12, 1) },
  "meta l4proto": { type: "inet_proto", load: property("l4proto") },
  iif: { type: "iface_index", load: property("iif") },
  oif: { type: "iface_index", load: property("oif") },
  iifname: { type: "ifname", load: property("iifname") },
  oifname: { type: "ifname", load: property("oifname") },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof FIELDS;

function header(base: Payload["base"], offset: number, length: number): Field["load"] {
  return (register) => ({ kind: "payload", base, offset, length, register });
}

function property(key: MetaKey): Field["load"] {
  return (register) => ({ kind: "meta", key, register });
}
