/** One field of a key as a range of keys: "10.0.0.0/8", "80-90", or a single value, which is a range of one. */
import { familyBits, ipFromBytes } from "../../addr/ip.ts";
import { prefixOf } from "../../addr/prefix.ts";
import { DATATYPES, type DatatypeName, type FieldValue } from "./datatype.ts";

export interface FieldRange {
  readonly first: Uint8Array;
  /** Included. */
  readonly last: Uint8Array;
}

/** @throws {RangeError} when the value is not of this type */
export function encodeRange(type: DatatypeName, value: FieldValue): FieldRange {
  if (typeof value === "string" && isAddress(type) && value.includes("/")) return prefixRange(type, value);
  const { encode } = DATATYPES[type];
  const [first, last] = splitRange(type, value);
  const encoded = encode(first);
  return { first: encoded, last: first === last ? encoded : encode(last) };
}

/** By bits: thousands of them are encoded at once. */
function prefixRange(type: "ipv4_addr" | "ipv6_addr", value: string): FieldRange {
  const slash = value.indexOf("/");
  const { size, encode } = DATATYPES[type];
  const digits = value.slice(slash + 1);
  const length = Number(digits);
  if (!/^[0-9]{1,3}$/.test(digits) || length > size * 8) throw new RangeError(`not a prefix: ${value}`);
  const first = encode(value.slice(0, slash));
  const last = new Uint8Array(first);
  for (let i = 0; i < size; i++) {
    const hostBits = 0xff >> Math.min(8, Math.max(0, length - i * 8));
    first[i] = (first[i] ?? 0) & ~hostBits;
    last[i] = (last[i] ?? 0) | hostBits;
  }
  return { first, last };
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
