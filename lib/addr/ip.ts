/**
 * IP addresses as branded canonical text (RFC 5952 for IPv6, dotted quad for IPv4).
 *
 * Canonical text is compared with `===`, used as a map key and stored as JSON as it is, so plans stay plain data.
 * Beyond this folder nobody parses an address: whoever holds an `Ip` holds a valid one.
 */
export type Family = 4 | 6;

declare const brand: unique symbol;
/** A valid address in canonical text. IPv4-mapped IPv6 (`::ffff:a.b.c.d`) is its IPv4 address, as in Go. */
export type Ip = string & { readonly [brand]: "Ip" };

/** @returns the address, or undefined when `text` is not one (zones, leading zeros and blanks are refused) */
export function parseIp(text: string): Ip | undefined {
  if (!text.includes(":")) return v4Number(text) === undefined ? undefined : (text as Ip);
  const bytes = parseV6(text);
  return bytes && ipFromBytes(bytes);
}

/** @throws {RangeError} when the text is no address: for literals in code and for text that was checked before */
export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new RangeError(`not an IP address: ${text}`);
  return parsed;
}

/** By the first dot, which is at the second to the fourth place: thousands of times for each change of a directory. */
export function ipFamily(address: Ip): Family {
  const isV4 =
    address.charCodeAt(1) === dot || address.charCodeAt(2) === dot || address.charCodeAt(3) === dot;
  return isV4 ? 4 : 6;
}

const [dot, zero, nine] = [46, 48, 57] as const;

/** Width of an address in bits. */
export function familyBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** @returns 4 or 16 bytes in network order */
export function ipBytes(address: Ip): Uint8Array {
  const bytes = ipFamily(address) === 6 ? parseV6(address) : parseV4(address);
  if (bytes === undefined) throw new RangeError(`not an IP address: ${address}`);
  return bytes;
}

/** @param bytes 4 or 16 bytes in network order; a mapped IPv4 address comes back as IPv4 */
export function ipFromBytes(bytes: Uint8Array): Ip {
  if (bytes.length === 4) return formatV4(bytes) as Ip;
  if (bytes.length !== 16) throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
  if (isMapped(bytes)) return formatV4(bytes.subarray(12)) as Ip;
  return formatV6(bytes) as Ip;
}

export function ipNumber(address: Ip): bigint {
  const number = v4Number(address);
  if (number !== undefined) return BigInt(number);
  const view = new DataView(ipBytes(address).buffer);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}

/**
 * The number of a mapped IPv4 address comes back as IPv4, as everywhere.
 *
 * @throws {RangeError} when `value` does not fit the family
 */
export function ipFromNumber(family: Family, value: bigint): Ip {
  const size = family === 4 ? 4 : 16;
  if (value < 0n || value >> BigInt(size * 8)) throw new RangeError(`no IPv${family} address: ${value}`);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (size === 4) view.setUint32(0, Number(value));
  else {
    view.setBigUint64(0, value >> 64n);
    view.setBigUint64(8, value & 0xffff_ffff_ffff_ffffn);
  }
  return ipFromBytes(bytes);
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback(address: Ip): boolean {
  return address === "::1" || (ipFamily(address) === 4 && address.startsWith("127."));
}

/** 0.0.0.0 or ::. */
export function isUnspecified(address: Ip): boolean {
  return address === "0.0.0.0" || address === "::";
}

const isMapped = (b: Uint8Array): boolean =>
  b[10] === 0xff && b[11] === 0xff && b.subarray(0, 10).every((byte) => byte === 0);

function parseV4(text: string): Uint8Array | undefined {
  const number = v4Number(text);
  if (number === undefined) return undefined;
  return Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
}

/**
 * Digit by digit: directories of thousands of hosts are read by this.
 *
 * @returns undefined for text that is no IPv4 address as it is written here
 */
export function v4Number(text: string): number | undefined {
  let number = 0;
  let dots = 0;
  let value = 0;
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === dot) {
      if (digits === 0 || dots === 3) return undefined;
      number = number * 256 + value;
      dots++;
      value = 0;
      digits = 0;
      continue;
    }
    if (code < zero || code > nine || (digits > 0 && value === 0)) return undefined;
    value = value * 10 + code - zero;
    digits++;
    if (value > 255) return undefined;
  }
  return digits === 0 || dots !== 3 ? undefined : number * 256 + value;
}

/** @param number of 32 bits */
export const v4Of = (number: number): Ip =>
  `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}` as Ip;

function parseV6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "");
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "") : [];
  if (head === undefined || tail === undefined) return undefined;
  // "::" stands for at least one group of zeros.
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  if (halves.length === 2 && (halves[0] ?? "").includes(".")) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** Bytes of colon separated groups; the last may be a dotted quad (RFC 4291 2.2.3). */
function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    if (i === groups.length - 1 && group.includes(".")) {
      const quad = parseV4(group);
      if (quad === undefined) return undefined;
      bytes.push(...quad);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

const formatV4 = (bytes: Uint8Array): string => `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::". */
function formatV6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  const text = groups.map((group) => group.toString(16));
  if (best.length < 2) return text.join(":");
  return `${text.slice(0, best.start).join(":")}::${text.slice(best.start + best.length).join(":")}`;
}
