/** Ethernet MAC addresses as branded canonical text: lower case, colons. */
import { type Ip, ipFromBytes } from "./ip.ts";

declare const brand: unique symbol;
export type Mac = string & { readonly [brand]: "Mac" };

/** Reads colon, dash (Windows) and dotted (Cisco) forms. @returns undefined when `text` is no 6 byte MAC */
export function parseMac(text: string): Mac | undefined {
  // As it is written in directories of thousands of hosts.
  if (/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/.test(text)) return text as Mac;
  const form = /^([0-9a-f]{2}(:[0-9a-f]{2}){5}|[0-9a-f]{2}(-[0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2})$/i;
  if (!form.test(text)) return undefined;
  const digits = text.replace(/[^0-9a-f]/gi, "").toLowerCase();
  return (digits.match(/../g) ?? []).join(":") as Mac;
}

/** @throws {RangeError} for literals in code and text that was checked before */
export function mac(text: string): Mac {
  const parsed = parseMac(text);
  if (parsed === undefined) throw new RangeError(`not a MAC address: ${text}`);
  return parsed;
}

/** @returns 6 bytes */
export function macBytes(address: Mac): Uint8Array {
  const bytes = new Uint8Array(6);
  for (let i = 0; i < 6; i++) bytes[i] = (digitAt(address, 3 * i) << 4) | digitAt(address, 3 * i + 1);
  return bytes;
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code > nine ? code - a + 10 : code - zero;
}

const [zero, nine, a] = [48, 57, 97] as const;

/** @throws {RangeError} unless there are 6 bytes */
export function macFromBytes(bytes: Uint8Array): Mac {
  if (bytes.length !== 6) throw new RangeError(`a MAC address has 6 bytes, not ${bytes.length}`);
  let text = "";
  for (const byte of bytes) text += `${text === "" ? "" : ":"}${byte < 16 ? "0" : ""}${byte.toString(16)}`;
  return text as Mac;
}

/** Whether a NIC may bear it: not multicast, not all zero. */
export function isUnicastMac(address: Mac): boolean {
  return (digitAt(address, 1) & 1) === 0 && address !== "00:00:00:00:00:00";
}

/** Locally administered unicast MAC made of the first 12 of the given hex digits (of a hash). */
export function localMac(digits: string): Mac {
  const first = ((Number.parseInt(digits.slice(0, 2), 16) & 0xfc) | 0x02).toString(16).padStart(2, "0");
  let text = first;
  for (let i = 2; i < 12; i += 2) text += `:${digits.slice(i, i + 2)}`;
  return text as Mac;
}

/** The link-local address that a host makes of its MAC (RFC 4291, appendix A): the kernel's default. */
export function linkLocal(address: Mac): Ip {
  const [a = 0, ...rest] = macBytes(address);
  const [b = 0, c = 0, d = 0, e = 0, f = 0] = rest;
  return ipFromBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f));
}
