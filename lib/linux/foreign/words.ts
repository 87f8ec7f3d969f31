/** Values of fields in nft's words. */

import { ipFromBytes } from "../../addr/ip.ts";
import { decodeText } from "../../netlink/bytes.ts";
import { formatField } from "../../netlink/nft/field-range.ts";
import { IPPROTO } from "../../policy/packet.ts";
import { bytesNumber, hostNumber, rangePrefixes } from "./byte-range.ts";
import type { ByteRange, Known, KnownField } from "./value.ts";

/** Bits of "ct state" (NF_CT_STATE_BIT and NF_CT_STATE_UNTRACKED_BIT of nf_conntrack_common.h). */
const STATE_BITS = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const;
export type StateName = keyof typeof STATE_BITS;

const PROTOCOLS: Readonly<Record<number, string>> = {
  [IPPROTO.icmp]: "icmp",
  [IPPROTO.igmp]: "igmp",
  [IPPROTO.tcp]: "tcp",
  [IPPROTO.udp]: "udp",
  [IPPROTO.dccp]: "dccp",
  47: "gre",
  50: "esp",
  51: "ah",
  [IPPROTO.icmp6]: "ipv6-icmp",
  [IPPROTO.sctp]: "sctp",
  [IPPROTO.udplite]: "udplite",
};
const ETHER_TYPES: Readonly<Record<number, string>> = {
  2048: "ip",
  2054: "arp",
  33024: "vlan",
  34525: "ip6",
};
const FAMILIES: Readonly<Record<number, string>> = { 2: "ipv4", 10: "ipv6" };

export const stateNames = (bits: number): readonly StateName[] =>
  (Object.keys(STATE_BITS) as StateName[]).filter((name) => bits & STATE_BITS[name]);

const formatNumber = (field: KnownField, value: number): string => {
  const names = field === "l4proto" ? PROTOCOLS : field === "etherType" ? ETHER_TYPES : FAMILIES;
  return field === "l4proto" || field === "etherType" || field === "nfproto"
    ? (names[value] ?? String(value))
    : String(value);
};

/** "10.0.0.0/8", "80-90", `"docker0"`, "established". */
export function formatRange(
  field: KnownField,
  range: ByteRange,
  interfaces: Known["interfaces"] = new Map(),
): string {
  const { first, last } = range;
  if (field === "saddr" || field === "daddr") return formatAddresses(range);
  if (field === "iifname" || field === "oifname") return `"${interfacePattern(range) ?? decodeText(first)}"`;
  if (field === "etherSource" || field === "etherDestination") return formatMac(first);
  if (field === "state" || field === "iif" || field === "oif" || field === "status") {
    const value = hostNumber(first);
    if (value === undefined) return `0x${Buffer.from(first).toString("hex")}`;
    if (field === "state") return stateNames(value).join(",") || "0";
    return field === "status" ? String(value) : formatInterface(value, interfaces);
  }
  const [from, to] = [Number(bytesNumber(first)), Number(bytesNumber(last))];
  return from === to ? formatNumber(field, from) : `${formatNumber(field, from)}-${formatNumber(field, to)}`;
}

function formatInterface(index: number, interfaces: Known["interfaces"]): string {
  const name = interfaces.get(index);
  return name === undefined ? String(index) : `"${name}"`;
}

const formatMac = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");

function formatAddresses(range: ByteRange): string {
  const type = range.first.length === 4 ? "ipv4_addr" : "ipv6_addr";
  const [only, ...more] = rangePrefixes(range);
  if (only !== undefined && more.length === 0) return formatField(type, only);
  return `${ipFromBytes(range.first)}-${ipFromBytes(range.last)}`;
}

/** The name, or "eth*" for all that begin so; undefined for any other range of names. */
export function interfacePattern({ first, last }: ByteRange): string | undefined {
  const same = first.findIndex((byte, i) => byte !== last[i]);
  if (same < 0) return decodeText(first);
  const all =
    first.subarray(same).every((byte) => byte === 0) && last.subarray(same).every((byte) => byte === 0xff);
  return all ? `${decodeText(first.subarray(0, same))}*` : undefined;
}

/** As nft writes lists: a few, and how many more. */
export function formatList(words: readonly string[]): string {
  const shown = words.slice(0, 8);
  if (words.length > shown.length) shown.push(`and ${words.length - shown.length} more`);
  return `{ ${shown.join(", ")} }`;
}
