/** A message of the kernel as it is kept for making the same object again on another link (linux/rtnetlink.h). */
import { type Attr, bytes, decodeAttrs } from "../../attr.ts";
import { concat, writeU32 } from "../../bytes.ts";

/** The family header apart from its attributes, so that either can be changed. */
export interface Parts {
  readonly header: Uint8Array;
  readonly attrs: readonly Attr[];
}

export function encodeRecord({ header, attrs }: Parts): string {
  return Buffer.from(payloadOf({ header, attrs })).toString("hex");
}

/** @param headerLength bytes of the family header */
export function decodeRecord(message: string, headerLength: number): Parts {
  const payload = new Uint8Array(Buffer.from(message, "hex"));
  return { header: payload.slice(0, headerLength), attrs: decodeAttrs(payload, headerLength) };
}

export function payloadOf({ header, attrs }: Parts): Uint8Array {
  return concat([header, ...attrs.map(({ type, bytes: value }) => bytes(type, value))]);
}

export const without = (attrs: readonly Attr[], ...types: readonly number[]): readonly Attr[] =>
  attrs.filter(({ type }) => !types.includes(type));

export function number(type: number, value: number): Attr {
  const encoded = new Uint8Array(4);
  writeU32(encoded, 0, value);
  return { type, bytes: encoded };
}
