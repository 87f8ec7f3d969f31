/** Comparisons that have no words: of bytes that are no field we know, with numbers. */
import { bytesNumber, type CompareOp } from "./byte-range.ts";
import type { Source, Value } from "./value.ts";

/** As nft writes them. */
export const SIGNS = { eq: "", neq: "!= ", lt: "< ", lte: "<= ", gt: "> ", gte: ">= " } as const;

/** RTN_* of linux/rtnetlink.h. */
const ADDRESS_TYPES = ["missing", "unicast", "local", "broadcast", "anycast", "multicast"];

/** "meta mark & 0x4000 == 0x4000". */
export function formatOther(name: string, { source, mask }: Value, op: CompareOp, bytes: Uint8Array): string {
  const words = (name.startsWith("fib ") && ADDRESS_TYPES[bytes[0] ?? 0]) || hex(bytes, source);
  return mask
    ? `${name} & ${hex(mask, source)} ${SIGNS[op] || "== "}${words}`
    : `${name} ${SIGNS[op]}${words}`;
}

/** As nft writes what it has no name for: "@nh,48,16". */
export function formatHeader({ source, length }: Value): string {
  if (source.kind !== "header") return source.text;
  const base = { ll: "ll", network: "nh", transport: "th" }[source.base];
  return `@${base},${source.offset * 8},${length * 8}`;
}

/** Bytes as one number; what is no part of a header has the host's order. */
export function hex(bytes: Uint8Array, source?: Source): string {
  return source?.kind === "other" && !source.swapped
    ? hostHex(bytes)
    : `0x${bytesNumber(bytes).toString(16)}`;
}

/** A number of the host. */
export const hostHex = (bytes: Uint8Array): string => `0x${bytesNumber(bytes.toReversed()).toString(16)}`;
