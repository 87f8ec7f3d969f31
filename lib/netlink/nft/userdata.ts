/**
 * User data: what nft itself remembers with an object, of no concern to the kernel. It is a list of type, length
 * and value, one byte each for the first two (libnftnl/udata.h).
 */
import { concat, decodeText, encodeText, readU8 } from "../bytes.ts";

/** NFTNL_UDATA_COMMENT_MAXLEN, in bytes, without the NUL. */
export const NFTNL_UDATA_COMMENT_MAXLEN = 128;

export const NFTNL_UDATA_TABLE_COMMENT = 0;
export const NFTNL_UDATA_CHAIN_COMMENT = 0;
export const NFTNL_UDATA_RULE_COMMENT = 0;
export const NFTNL_UDATA_SET_ELEM_COMMENT = 0;
export const NFTNL_UDATA_SET_COMMENT = 7;

export interface Userdata {
  readonly type: number;
  readonly bytes: Uint8Array;
}

export function userdata(type: number, bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(type, bytes.length), bytes]);
}

/** A comment as nft stores it, NUL terminated. @throws {RangeError} when nft would refuse it */
export function commentUserdata(type: number, comment: string): Uint8Array {
  const text = encodeText(comment);
  if (text.length > NFTNL_UDATA_COMMENT_MAXLEN) throw new RangeError(`comment of ${text.length} bytes`);
  return userdata(type, concat([text, Uint8Array.of(0)]));
}

/** Unlike the kernel's, this data is nobody's promise: what does not parse is left out. */
export function decodeUserdata(from: Uint8Array | undefined): readonly Userdata[] {
  const found: Userdata[] = [];
  for (let at = 0; from !== undefined && at + 2 <= from.length; ) {
    const length = readU8(from, at + 1);
    if (at + 2 + length > from.length) break;
    found.push({ type: readU8(from, at), bytes: from.subarray(at + 2, at + 2 + length) });
    at += 2 + length;
  }
  return found;
}

export function decodeComment(from: Uint8Array | undefined, type: number): string | undefined {
  const comment = decodeUserdata(from).find((entry) => entry.type === type);
  return comment && decodeText(comment.bytes);
}

/**
 * Makes any text a comment: nft has no way to write a quote or a control character inside one, so they become
 * "'" and a blank, and what exceeds the limit is cut off between two characters.
 */
export function clipComment(text: string): string {
  const printable = text
    .replace(/"/g, "'")
    .replace(/\p{Cc}/gu, " ")
    .toWellFormed();
  const encoded = encodeText(printable);
  if (encoded.length <= NFTNL_UDATA_COMMENT_MAXLEN) return printable;
  let end = NFTNL_UDATA_COMMENT_MAXLEN;
  // 10xxxxxx continues a character (RFC 3629 3).
  while ((readU8(encoded, end) & 0xc0) === 0x80) end--;
  return decodeText(encoded.subarray(0, end));
}
