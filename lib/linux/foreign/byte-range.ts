/** Ranges of register values: bytes in network order, compared as numbers. */
import { type Ip, ipFamily, ipFromNumber } from "../../addr/ip.ts";
import { type Prefix, prefixOf } from "../../addr/prefix.ts";
import { readU32 } from "../../netlink/bytes.ts";
import type { ByteRange } from "./value.ts";

export type CompareOp = "eq" | "neq" | "lt" | "lte" | "gt" | "gte";

export const exactly = (value: Uint8Array): ByteRange => ({ first: value, last: value });

export function bytesNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

/** What the kernel keeps in 32 bits of its own order; undefined where a rule compares fewer of them. */
export function hostNumber(bytes: Uint8Array): number | undefined {
  return bytes.length < 4 ? undefined : readU32(bytes, 0);
}

function numberBytes(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** The values for which the comparison holds; none when it never does. "neq" is left to the caller. */
export function comparedRange(op: Exclude<CompareOp, "neq">, value: Uint8Array): ByteRange | undefined {
  const number = bytesNumber(value);
  const most = (1n << BigInt(value.length * 8)) - 1n;
  const ends = {
    eq: [number, number],
    lt: [0n, number - 1n],
    lte: [0n, number],
    gt: [number + 1n, most],
    gte: [number, most],
  } as const;
  const [first, last] = ends[op];
  if (first > last) return undefined;
  return { first: numberBytes(first, value.length), last: numberBytes(last, value.length) };
}

/** The values that have these bits in common; undefined where they are no range. */
export function maskedRange(value: Uint8Array, mask: Uint8Array): ByteRange | undefined {
  const free = (1n << BigInt(mask.length * 8)) - 1n - bytesNumber(mask);
  // Ones, then zeros: what is left free is one less than a power of two.
  if ((free & (free + 1n)) !== 0n) return undefined;
  const first = bytesNumber(value) & ~free;
  return { first: numberBytes(first, value.length), last: numberBytes(first | free, value.length) };
}

/** The fewest prefixes that are together this range of addresses. */
export function rangePrefixes({ first, last }: ByteRange): readonly Prefix[] {
  const bits = first.length * 8;
  const end = bytesNumber(last);
  const found: Prefix[] = [];
  for (let at = bytesNumber(first); at <= end; ) {
    let free = 0;
    const size = () => 1n << BigInt(free);
    while (free < bits && (at & ((size() << 1n) - 1n)) === 0n && at + (size() << 1n) - 1n <= end) free++;
    found.push(prefixOfNumber(at, bits, bits - free));
    at += size();
  }
  return found;
}

/** A mapped address is an IPv4 one in our text, and its prefix 96 bits shorter (lib/addr). */
function prefixOfNumber(value: bigint, bits: number, length: number): Prefix {
  const address: Ip = ipFromNumber(bits === 32 ? 4 : 6, value);
  return prefixOf(address, bits === 128 && ipFamily(address) === 4 ? length - 96 : length);
}
