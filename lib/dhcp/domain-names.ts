/** Lists of domain names as DNS writes them (RFC 1035 3.1 and 4.1.4): option 119 of DHCPv4, 24 of DHCPv6. */
import { concat, encodeText, readU8 } from "../netlink/bytes.ts";

/** The two upper bits of a length say that an offset follows instead of a label. */
const POINTER = 0xc0;
const MAX_LABEL_BYTES = 63;
const MAX_NAME_BYTES = 255;

/**
 * Names without the dot at their end. Pointers lead backwards within the list (RFC 3397 2).
 *
 * @throws {RangeError} for names that are cut off, or whose pointers lead nowhere
 */
export function decodeNames(from: Uint8Array): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at < from.length; ) {
    const { name, next } = decodeName(from, at);
    if (name !== "") names.push(name);
    at = next;
  }
  return names;
}

function decodeName(from: Uint8Array, start: number): { readonly name: string; readonly next: number } {
  const labels: string[] = [];
  let next: number | undefined;
  let bytes = 0;
  for (let at = start; ; ) {
    const length = readU8(from, at);
    if (length === 0) return { name: labels.join("."), next: next ?? at + 1 };
    if ((length & POINTER) === POINTER) {
      const target = ((length & ~POINTER) << 8) | readU8(from, at + 1);
      next ??= at + 2;
      // Only backwards, so that it comes to an end.
      if (target >= at) throw new RangeError(`a name at ${start} points to ${target}`);
      at = target;
    } else {
      bytes += length + 1;
      if (length > MAX_LABEL_BYTES || bytes > MAX_NAME_BYTES)
        throw new RangeError(`a name at ${start} that is too long`);
      readU8(from, at + length);
      labels.push(label(from.subarray(at + 1, at + 1 + length)));
      at += length + 1;
    }
  }
}

/** A label goes to resolv.conf in the end: nothing but what a host name may hold. */
function label(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  if (!isLabel(text)) throw new RangeError(`${JSON.stringify(text)} in the name of a domain`);
  return text;
}

/** Letters, digits, hyphens and, as they are used, underscores. */
const isLabel = (text: string): boolean => /^[A-Za-z0-9_-]+$/.test(text);

/** Whether it is a domain's or a host's name that may stand in a file. */
export function isDomainName(text: string): boolean {
  const labels = text.replace(/\.$/, "").split(".");
  return (
    text.length <= MAX_NAME_BYTES && labels.every((one) => isLabel(one) && one.length <= MAX_LABEL_BYTES)
  );
}

/** Without pointers. @throws {RangeError} for what is no name */
export function encodeNames(names: readonly string[]): Uint8Array {
  return concat(
    names.flatMap((name) => {
      if (!isDomainName(name)) throw new RangeError(`not the name of a domain: ${JSON.stringify(name)}`);
      const labels = name.replace(/\.$/, "").split(".").map(encodeText);
      return [...labels.flatMap((bytes) => [Uint8Array.of(bytes.length), bytes]), Uint8Array.of(0)];
    }),
  );
}
