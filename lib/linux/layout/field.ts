/** What rules look at: header fields and properties of packets, by nft's names, with the type of their values. */
import type { DatatypeName } from "../../netlink/nft/datatype.ts";
import type { Expression } from "../../netlink/nft/expr/expression.ts";
import type { MetaKey } from "../../netlink/nft/expr/meta.ts";
import type { Payload } from "../../netlink/nft/expr/payload.ts";

export interface Field {
  readonly type: DatatypeName;
  /** The packet must be of this protocol, or the bytes mean something else. */
  readonly protocol?: "ip" | "ip6";
  readonly load: (register: number) => Expression;
}

/** Offsets and lengths in bytes: RFC 791 3.1, RFC 8200 3; ports are first in TCP, UDP and SCTP alike. */
export const FIELDS = {
  "ip saddr": { type: "ipv4_addr", protocol: "ip", load: header("network", 12, 4) },
  "ip daddr": { type: "ipv4_addr", protocol: "ip", load: header("network", 16, 4) },
  "ip6 saddr": { type: "ipv6_addr", protocol: "ip6", load: header("network", 8, 16) },
  "ip6 daddr": { type: "ipv6_addr", protocol: "ip6", load: header("network", 24, 16) },
  "th dport": { type: "inet_service", load: header("transport", 2, 2) },
  "meta l4proto": { type: "inet_proto", load: property("l4proto") },
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
