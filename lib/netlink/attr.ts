/**
 * Netlink attributes: length, type and value, padded to 4 bytes (linux/netlink.h, struct nlattr).
 *
 * Encoders return one piece each; a message is the pieces joined once. Decoding keeps every attribute as
 * `{type, bytes}`, whether anybody knows it or not; the typed reads below check its length.
 */
import {
  align4,
  copyInto,
  decodeText,
  encodeText,
  readBe16,
  readBe32,
  readBe64,
  readI32,
  readU8,
  readU16,
  readU32,
  readU64,
  totalLength,
  writeBe16,
  writeBe32,
  writeBe64,
  writeU16,
  writeU32,
  writeU64,
} from "./bytes.ts";

export const NLA_F_NESTED = 0x8000;
export const NLA_F_NET_BYTEORDER = 0x4000;
export const NLA_TYPE_MASK = 0x3fff;
const NLA_HDRLEN = 4;
/** nla_len is 16 bits wide and counts the header. */
export const NLA_MAX_PAYLOAD = 0xffff - NLA_HDRLEN;

export interface Attr {
  /** Without the flag bits. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

export function u8(type: number, value: number): Uint8Array {
  const attr = blank(type, 1);
  attr[NLA_HDRLEN] = value;
  return attr;
}

export function u16(type: number, value: number): Uint8Array {
  const attr = blank(type, 2);
  writeU16(attr, NLA_HDRLEN, value);
  return attr;
}

/** Takes signed values too. */
export function u32(type: number, value: number): Uint8Array {
  const attr = blank(type, 4);
  writeU32(attr, NLA_HDRLEN, value);
  return attr;
}

export function u64(type: number, value: bigint): Uint8Array {
  const attr = blank(type, 8);
  writeU64(attr, NLA_HDRLEN, value);
  return attr;
}

export function be16(type: number, value: number): Uint8Array {
  const attr = blank(type, 2);
  writeBe16(attr, NLA_HDRLEN, value);
  return attr;
}

export function be32(type: number, value: number): Uint8Array {
  const attr = blank(type, 4);
  writeBe32(attr, NLA_HDRLEN, value);
  return attr;
}

export function be64(type: number, value: bigint): Uint8Array {
  const attr = blank(type, 8);
  writeBe64(attr, NLA_HDRLEN, value);
  return attr;
}

/** NUL terminated text. */
export function text(type: number, value: string): Uint8Array {
  const encoded = encodeText(value);
  const attr = blank(type, encoded.length + 1);
  attr.set(encoded, NLA_HDRLEN);
  return attr;
}

export function bytes(type: number, value: Uint8Array): Uint8Array {
  const attr = blank(type, value.length);
  attr.set(value, NLA_HDRLEN);
  return attr;
}

/** An attribute that says everything by being there. */
export function flag(type: number): Uint8Array {
  return blank(type, 0);
}

/** @param parts encoded attributes; all but the last are padded already */
export function nested(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const attr = blank(type | NLA_F_NESTED, totalLength(parts));
  copyInto(attr, NLA_HDRLEN, parts);
  return attr;
}

function blank(type: number, length: number): Uint8Array {
  if (length > NLA_MAX_PAYLOAD) throw new RangeError(`attribute ${type & NLA_TYPE_MASK}: ${length} bytes`);
  const attr = new Uint8Array(align4(NLA_HDRLEN + length));
  writeU16(attr, 0, NLA_HDRLEN + length);
  writeU16(attr, 2, type);
  return attr;
}

/**
 * All attributes from `offset` on, in their order. Trailing bytes too short for a header are padding.
 * @throws {RangeError} when a length points outside
 */
export function decodeAttrs(from: Uint8Array, offset = 0): readonly Attr[] {
  const attrs: Attr[] = [];
  let at = offset;
  while (at + NLA_HDRLEN <= from.length) {
    const length = readU16(from, at);
    const type = readU16(from, at + 2) & NLA_TYPE_MASK;
    if (length < NLA_HDRLEN || at + length > from.length) {
      throw new RangeError(`attribute ${type} at byte ${at} says ${length} bytes of ${from.length - at}`);
    }
    attrs.push({ type, bytes: from.subarray(at + NLA_HDRLEN, at + length) });
    at += align4(length);
  }
  return attrs;
}

/** The last one wins when a type comes twice, as in the kernel. */
export function findAttr(attrs: readonly Attr[], type: number): Uint8Array | undefined {
  for (let i = attrs.length - 1; i >= 0; i--) if (attrs[i]?.type === type) return attrs[i]?.bytes;
  return undefined;
}

export function hasAttr(attrs: readonly Attr[], type: number): boolean {
  return findAttr(attrs, type) !== undefined;
}

/** @throws {RangeError} when the attribute has another length; undefined when it is absent (so do all below) */
export function getU8(attrs: readonly Attr[], type: number): number | undefined {
  return read(attrs, type, 1, readU8);
}

export function getU16(attrs: readonly Attr[], type: number): number | undefined {
  return read(attrs, type, 2, readU16);
}

export function getU32(attrs: readonly Attr[], type: number): number | undefined {
  return read(attrs, type, 4, readU32);
}

export function getI32(attrs: readonly Attr[], type: number): number | undefined {
  return read(attrs, type, 4, readI32);
}

export function getU64(attrs: readonly Attr[], type: number): bigint | undefined {
  return read(attrs, type, 8, readU64);
}

export function getBe16(attrs: readonly Attr[], type: number): number | undefined {
  return read(attrs, type, 2, readBe16);
}

export function getBe32(attrs: readonly Attr[], type: number): number | undefined {
  return read(attrs, type, 4, readBe32);
}

export function getBe64(attrs: readonly Attr[], type: number): bigint | undefined {
  return read(attrs, type, 8, readBe64);
}

export function getText(attrs: readonly Attr[], type: number): string | undefined {
  const value = findAttr(attrs, type);
  return value && decodeText(value);
}

export function getNested(attrs: readonly Attr[], type: number): readonly Attr[] | undefined {
  const value = findAttr(attrs, type);
  return value && decodeAttrs(value);
}

function read<T>(
  attrs: readonly Attr[],
  type: number,
  length: number,
  decode: (from: Uint8Array, offset: number) => T,
): T | undefined {
  const value = findAttr(attrs, type);
  if (value === undefined) return undefined;
  if (value.length !== length) {
    throw new RangeError(`attribute ${type} has ${value.length} bytes, not ${length}`);
  }
  return decode(value, 0);
}
