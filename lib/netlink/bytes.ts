/**
 * Integers in byte arrays, in the host's order and in network order.
 *
 * Netlink uses the order of the host. Every machine this project supports (x86-64, arm64, riscv64) is
 * little-endian, and this is the one file that assumes it.
 */

/** @throws {RangeError} when `offset` lies outside: a truncated message must never read as zeros */
export function readU8(from: Uint8Array, offset: number): number {
  const value = from[offset];
  if (value === undefined) throw new RangeError(`byte ${offset} of ${from.length} bytes`);
  return value;
}

export function readU16(from: Uint8Array, offset: number): number {
  return readU8(from, offset) | (readU8(from, offset + 1) << 8);
}

export function readU32(from: Uint8Array, offset: number): number {
  return readI32(from, offset) >>> 0;
}

export function readI32(from: Uint8Array, offset: number): number {
  return readU16(from, offset) | (readU16(from, offset + 2) << 16);
}

export function readU64(from: Uint8Array, offset: number): bigint {
  return BigInt(readU32(from, offset)) | (BigInt(readU32(from, offset + 4)) << 32n);
}

export function readBe16(from: Uint8Array, offset: number): number {
  return (readU8(from, offset) << 8) | readU8(from, offset + 1);
}

export function readBe32(from: Uint8Array, offset: number): number {
  return ((readBe16(from, offset) << 16) | readBe16(from, offset + 2)) >>> 0;
}

export function readBe64(from: Uint8Array, offset: number): bigint {
  return (BigInt(readBe32(from, offset)) << 32n) | BigInt(readBe32(from, offset + 4));
}

export function writeU16(into: Uint8Array, offset: number, value: number): void {
  into[offset] = value;
  into[offset + 1] = value >>> 8;
}

/** Takes signed values too: -1 is written as 0xffffffff. */
export function writeU32(into: Uint8Array, offset: number, value: number): void {
  writeU16(into, offset, value);
  writeU16(into, offset + 2, value >>> 16);
}

export function writeU64(into: Uint8Array, offset: number, value: bigint): void {
  writeU32(into, offset, Number(value & 0xffff_ffffn));
  writeU32(into, offset + 4, Number((value >> 32n) & 0xffff_ffffn));
}

export function writeBe16(into: Uint8Array, offset: number, value: number): void {
  into[offset] = value >>> 8;
  into[offset + 1] = value;
}

export function writeBe32(into: Uint8Array, offset: number, value: number): void {
  writeBe16(into, offset, value >>> 16);
  writeBe16(into, offset + 2, value);
}

export function writeBe64(into: Uint8Array, offset: number, value: bigint): void {
  writeBe32(into, offset, Number((value >> 32n) & 0xffff_ffffn));
  writeBe32(into, offset + 4, Number(value & 0xffff_ffffn));
}

/** Next multiple of 4: NLMSG_ALIGN and NLA_ALIGN of linux/netlink.h. */
export function align4(length: number): number {
  return (length + 3) & ~3;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(totalLength(parts));
  copyInto(joined, 0, parts);
  return joined;
}

export function totalLength(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

/** One behind the other. */
export function copyInto(into: Uint8Array, offset: number, parts: readonly Uint8Array[]): void {
  let at = offset;
  for (const part of parts) {
    into.set(part, at);
    at += part.length;
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The text up to the first NUL, or all of it. */
export function decodeText(from: Uint8Array): string {
  const end = from.indexOf(0);
  return decoder.decode(end < 0 ? from : from.subarray(0, end));
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}
