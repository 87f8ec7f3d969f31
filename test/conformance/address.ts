/** Checks the one canonical text form of addresses (RFC 5952 for IPv6). */
import { isIP } from "node:net";

/** Whether it is an address in its canonical form. */
export function isCanonicalIp(text: unknown): text is string {
  if (typeof text !== "string") return false;
  if (isIP(text) === 4) return true;
  if (isIP(text) !== 6 || text.includes("%")) return false;
  // An address with an embedded IPv4 part may keep it.
  return text.includes(".") || new URL(`http://[${text}]/`).hostname === `[${text}]`;
}

/** Whether it is an address with a prefix length. */
export function isCidr(text: unknown): text is string {
  if (typeof text !== "string") return false;
  const [ip = "", length = "", ...more] = text.split("/");
  if (!isCanonicalIp(ip) || more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) return false;
  return Number(length) <= (isIP(ip) === 4 ? 32 : 128);
}

/** 4 or 6. */
export function familyOf(text: string): 4 | 6 {
  return text.includes(":") ? 6 : 4;
}

/** An address without its prefix length. */
export function hostPart(cidr: string): string {
  return cidr.split("/", 1)[0] ?? "";
}
