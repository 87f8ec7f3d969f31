/** One field of a key as a range of keys: "10.0.0.0/8", "80-90", or a single value, which is a range of one. */
import { type Family, familyBits, ipFromBytes, ipFromNumber } from "../../addr/ip.ts";
import { bounds, parsePrefix, prefixOf } from "../../addr/prefix.ts";
import { DATATYPES, type DatatypeName, type FieldValue } from "./datatype.ts";

export interface FieldRange {
  readonly first: Uint8Array;
  /** Included. */
  readonly last: Uint8Array;
}

/** @throws {RangeError} when the value is not of this type */
export function encodeRange(type: DatatypeName, value: FieldValue): FieldRange {
  const { encode } = DATATYPES[type];
  if (typeof value === "string" && isAddress(type)) {
    const prefix = parsePrefix(value);
    if (prefix !== undefined) {
      const family: Family = type === "ipv4_addr" ? 4 : 6;
      const { first, last } = bounds(prefix);
      return { first: encode(ipFromNumber(family, first)), last: encode(ipFromNumber(family, last)) };
    }
  }
  const [first, last] = splitRange(type, value);
  return { first: encode(first), last: encode(last) };
}

/** Addresses come back as a prefix where there is one ("10.0.0.1/32" too), anything else as value or "from-to". */
export function decodeRange(type: DatatypeName, { first, last }: FieldRange): FieldValue {
  const { decode } = DATATYPES[type];
  const from = decode(first);
  if (isAddress(type)) {
    const length = prefixLengthOf(first, last);
    if (length !== undefined) return prefixOf(ipFromBytes(first), length);
  }
  const to = decode(last);
  if (from === to) return from;
  // By number: the names of some protocols hold a dash.
  return type === "inet_proto" ? `${first[0]}-${last[0]}` : `${from}-${to}`;
}

/** In nft's words: a prefix of one address is that address. */
export function formatField(type: DatatypeName, value: FieldValue): string {
  if (type === "ifname") return `"${value}"`;
  if (!isAddress(type) || typeof value === "number") return String(value);
  const single = `/${familyBits(type === "ipv4_addr" ? 4 : 6)}`;
  return value.endsWith(single) ? value.slice(0, -single.length) : value;
}

function isAddress(type: DatatypeName): type is "ipv4_addr" | "ipv6_addr" {
  return type === "ipv4_addr" || type === "ipv6_addr";
}

/** Only types whose values hold no dash can be written "from-to". */
function splitRange(type: DatatypeName, value: FieldValue): readonly [FieldValue, FieldValue] {
  if (typeof value === "number") return [value, value];
  if (isAddress(type)) return halves(value);
  const numbers = type === "inet_service" || (type === "inet_proto" && /^\d+(-\d+)?$/.test(value));
  if (!numbers) return [value, value];
  const [first, last] = halves(value);
  return [Number(first), Number(last)];
}

function halves(value: string): readonly [string, string] {
  const [first = "", last = first] = value.split("-");
  return [first, last];
}

/** Length of the prefix that is exactly this range. */
function prefixLengthOf(first: Uint8Array, last: Uint8Array): number | undefined {
  let length = 0;
  for (const [i, byte] of first.entries()) {
    const differing = byte ^ (last[i] ?? 0);
    length = i * 8 + Math.clz32(differing) - 24;
    if (differing !== 0) return isWhole(first, last, length) ? length : undefined;
  }
  return first.length * 8;
}

/** Whether all bits from `length` on are 0 in the first and 1 in the last. */
function isWhole(first: Uint8Array, last: Uint8Array, length: number): boolean {
  return first.every((byte, i) => {
    const mask = 0xff >> Math.min(8, Math.max(0, length - i * 8));
    return (byte & mask) === 0 && ((last[i] ?? 0) & mask) === mask;
  });
}
