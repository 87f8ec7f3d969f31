/** Prefixes ("address/length") as branded canonical text, with what one needs to know of a subnet. */
import {
  type Family,
  familyBits,
  type Ip,
  ipFamily,
  ipFromNumber,
  ipNumber,
  parseIp,
  v4Number,
  v4Of,
} from "./ip.ts";

declare const brand: unique symbol;
/** `address/length`. Host bits are kept (an interface address is a `Prefix`); `networkOf` clears them. */
export type Prefix = string & { readonly [brand]: "Prefix" };

/**
 * A prefix of IPv4-mapped addresses is the IPv4 prefix, 96 bits shorter, as in Go; one that reaches beyond the mapped
 * block is refused.
 *
 * @returns the prefix, or undefined when `text` is not `address/length`
 */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf("/");
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9][0-9]{0,2})$/.test(digits)) return undefined;
  const isMapped = ipFamily(address) === 4 && text.includes(":");
  const length = Number(digits) - (isMapped ? 96 : 0);
  return length >= 0 && length <= familyBits(ipFamily(address)) ? prefixOf(address, length) : undefined;
}

/** @throws {RangeError} for literals in code and text that was checked before */
export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new RangeError(`not a prefix: ${text}`);
  return parsed;
}

/** @param length bits, 0..32 or 0..128 */
export function prefixOf(address: Ip, length: number): Prefix {
  return `${address}/${length}` as Prefix;
}

/** The prefix that holds only this address: /32 or /128. */
export function hostPrefix(address: Ip): Prefix {
  return prefixOf(address, familyBits(ipFamily(address)));
}

/** 0.0.0.0/0 or ::/0. */
export function defaultPrefix(family: Family): Prefix {
  return (family === 4 ? "0.0.0.0/0" : "::/0") as Prefix;
}

export function prefixAddress(p: Prefix): Ip {
  return p.slice(0, p.indexOf("/")) as Ip;
}

export function prefixLength(p: Prefix): number {
  return Number(p.slice(p.indexOf("/") + 1));
}

export function prefixFamily(p: Prefix): Family {
  // What a prefix begins with is its address.
  return ipFamily(p as unknown as Ip);
}

/** The same prefix with its host bits cleared. */
export function networkOf(p: Prefix): Prefix {
  const number = v4Number(prefixAddress(p));
  if (number === undefined) return prefixOf(ipFromNumber(6, bounds(p).first), prefixLength(p));
  const first = (number & v4Mask(prefixLength(p))) >>> 0;
  return first === number ? p : prefixOf(v4Of(first), prefixLength(p));
}

/** In the numbers of the machine, here and below: directories of thousands of blocks are read by this. */
const v4Mask = (length: number): number => (length === 0 ? 0 : -1 << (32 - length));

/** First and last address of the prefix as numbers, network and broadcast address included. */
export function bounds(p: Prefix): { readonly first: bigint; readonly last: bigint } {
  const number = v4Number(prefixAddress(p));
  if (number !== undefined) {
    const mask = v4Mask(prefixLength(p));
    return { first: BigInt((number & mask) >>> 0), last: BigInt((number | ~mask) >>> 0) };
  }
  const hostBits = BigInt(familyBits(prefixFamily(p)) - prefixLength(p));
  const first = (ipNumber(prefixAddress(p)) >> hostBits) << hostBits;
  return { first, last: first + (1n << hostBits) - 1n };
}

export function contains(p: Prefix, address: Ip): boolean {
  if (prefixFamily(p) !== ipFamily(address)) return false;
  const { first, last } = bounds(p);
  const value = ipNumber(address);
  return first <= value && value <= last;
}

export function overlaps(a: Prefix, b: Prefix): boolean {
  if (prefixFamily(a) !== prefixFamily(b)) return false;
  const x = bounds(a);
  const y = bounds(b);
  return x.first <= y.last && y.first <= x.last;
}

/** First address a host may have: the one after the network address, except in /31, /32, /127 and /128. */
export function firstHost(p: Prefix): Ip {
  const { first, last } = bounds(p);
  return ipFromNumber(prefixFamily(p), last - first < 2n ? first : first + 1n);
}

/** Last address a host may have: IPv4 keeps the broadcast address out, except in /31 and /32. */
export function lastHost(p: Prefix): Ip {
  const { first, last } = bounds(p);
  return ipFromNumber(prefixFamily(p), prefixFamily(p) === 6 || last - first < 2n ? last : last - 1n);
}
