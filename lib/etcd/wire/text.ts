/** Keys and values as the gateway carries them: bytes in base64. */
import { EtcdError } from "../error.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

export interface DecodedText {
  readonly text: string;
  /** It is no UTF-8, or no base64. */
  readonly garbled: boolean;
}

export function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

export function decodeBytes(base64: string): Uint8Array {
  return Buffer.from(base64, "base64");
}

export function decodeText(base64: string): DecodedText {
  const bytes = decodeBytes(base64);
  try {
    return { text: decoder.decode(bytes), garbled: false };
  } catch {
    return { text: lenient.decode(bytes), garbled: true };
  }
}

/** @throws {EtcdError} `other` for an empty key, control characters, and what has no UTF-8 */
export function keyBytes(key: string): Uint8Array {
  if (key === "") throw refusedText(key, "a key must not be empty");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(key)) throw refusedText(key, "a key has no control characters");
  return textBytes(key);
}

/** @throws {EtcdError} `other` for half a surrogate pair, which has no UTF-8 */
export function textBytes(text: string): Uint8Array {
  if (!text.isWellFormed()) throw refusedText(text.slice(0, 60), "half a surrogate pair has no UTF-8");
  return new TextEncoder().encode(text);
}

/** The first key behind all that begin with these bytes; UTF-8 has no byte 0xff, so there always is one. */
export function afterPrefix(prefix: Uint8Array): Uint8Array {
  const end = prefix.slice();
  const last = end.length - 1;
  end[last] = (end[last] ?? 0) + 1;
  return end;
}

/** The first key behind this one. */
export function afterKey(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

function refusedText(text: string, why: string): EtcdError {
  return new EtcdError({ kind: "other", endpoint: "etcd", doing: `use ${JSON.stringify(text)}`, why });
}
