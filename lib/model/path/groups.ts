/** Addresses and MACs of groups: multicast, and the broadcast of IPv4. */
import { type Ip, ip, ipBytes, ipFamily, ipFromNumber } from "../../addr/ip.ts";
import { type Mac, macBytes, macFromBytes } from "../../addr/mac.ts";
import { bounds, contains, type Prefix, prefix, prefixFamily, prefixLength } from "../../addr/prefix.ts";

export const multicast: readonly Prefix[] = [prefix("224.0.0.0/4"), prefix("ff00::/8")];
export const linkLocal6: Prefix = prefix("fe80::/10");
export const loopbacks: readonly Prefix[] = [prefix("127.0.0.0/8"), prefix("::1/128")];
export const limitedBroadcast: Ip = ip("255.255.255.255");
/** Not known, or not yet. */
export const noMac: Mac = macFromBytes(new Uint8Array(6));
export const broadcastMac: Mac = macFromBytes(new Uint8Array(6).fill(0xff));

export const isMulticast = (address: Ip): boolean => multicast.some((group) => contains(group, address));

/** fe80::/10 stays on its link; 169.254/16 is routed like any other by Linux. */
export const isLinkLocal6 = (address: Ip): boolean => contains(linkLocal6, address);

/** The last address of each subnet of IPv4; /31 and /32 have none. */
export function broadcasts(subnets: readonly Prefix[]): readonly Ip[] {
  return subnets
    .filter((subnet) => prefixFamily(subnet) === 4 && prefixLength(subnet) < 31)
    .map((subnet) => ipFromNumber(4, bounds(subnet).last));
}

/** Bit 0 of the first byte: to more than one. */
export const isGroupMac = (mac: Mac): boolean => ((macBytes(mac)[0] ?? 0) & 1) === 1;

/** 802.1Q 8.6.3: what switches say to each other; no bridge passes it on, but 00, when it does no spanning tree. */
export const isLinkMac = (mac: Mac): boolean => /^01:80:c2:00:00:0[1-9a-f]$/.test(mac);

/**
 * The MAC of a group (RFC 1112 6.4, RFC 2464 7).
 *
 * @param subnets of the sender, whose broadcast addresses count
 * @returns undefined for the address of one host
 */
export function groupMac(address: Ip, subnets: readonly Prefix[]): Mac | undefined {
  if (address === limitedBroadcast || broadcasts(subnets).includes(address)) return broadcastMac;
  if (!isMulticast(address)) return undefined;
  const bytes = ipBytes(address);
  if (ipFamily(address) === 6) return macFromBytes(Uint8Array.of(0x33, 0x33, ...bytes.subarray(12)));
  const [, b = 0, c = 0, d = 0] = bytes;
  return macFromBytes(Uint8Array.of(0x01, 0x00, 0x5e, b & 0x7f, c, d));
}
