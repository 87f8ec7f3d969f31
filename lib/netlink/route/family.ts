/** Address families of linux/socket.h, and addresses in attributes. */
import { type Family, type Ip, ipFamily, ipFromBytes } from "../../addr/ip.ts";
import { type Attr, findAttr } from "../attr.ts";

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_BRIDGE = 7;
export const AF_INET6 = 10;

/** @param family undefined for both */
export function familyNumber(family: Family | undefined): number {
  return family === undefined ? AF_UNSPEC : family === 4 ? AF_INET : AF_INET6;
}

export function addressFamily(address: Ip): number {
  return familyNumber(ipFamily(address));
}

/** The address in an attribute, of whichever family its length says. @throws {RangeError} for other lengths */
export function getIp(attrs: readonly Attr[], type: number): Ip | undefined {
  const value = findAttr(attrs, type);
  return value && ipFromBytes(value);
}
