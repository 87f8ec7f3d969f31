/** What all link messages share: numbers of linux/if_link.h and linux/rtnetlink.h, the family header, link keys. */
import { text } from "../attr.ts";
import { concat, writeU32 } from "../bytes.ts";

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;

export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_LINK = 5;
export const IFLA_MASTER = 10;
export const IFLA_TXQLEN = 13;
export const IFLA_OPERSTATE = 16;
export const IFLA_LINKINFO = 18;
export const IFLA_IFALIAS = 20;
export const IFLA_STATS64 = 23;
export const IFLA_AF_SPEC = 26;
export const IFLA_GROUP = 27;
export const IFLA_NET_NS_FD = 28;
export const IFLA_EXT_MASK = 29;
export const IFLA_CARRIER = 33;
export const IFLA_LINK_NETNSID = 37;
export const IFLA_PERM_ADDRESS = 54;

export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;
export const IFLA_INFO_SLAVE_KIND = 4;
export const IFLA_INFO_SLAVE_DATA = 5;

/** net_device flags of linux/if.h. */
export const IFF_UP = 0x1;
export const IFF_LOOPBACK = 0x8;
export const IFF_ALLMULTI = 0x200;

/** Flags to set or to clear; undefined leaves one as it is. */
export interface FlagChanges {
  readonly up?: boolean | undefined;
  /** Frames to all groups come in, not only to those that the stack has joined. */
  readonly allMulticast?: boolean | undefined;
}

/** Index or name. */
export type LinkKey = number | string;

export const IFINFOMSG_LENGTH = 16;

/** struct ifinfomsg. */
export function ifinfomsg(index: number, up?: boolean, allMulticast?: boolean): Uint8Array {
  const header = new Uint8Array(IFINFOMSG_LENGTH);
  writeU32(header, 4, index);
  const [values, mask] = [
    (up ? IFF_UP : 0) | (allMulticast ? IFF_ALLMULTI : 0),
    (up === undefined ? 0 : IFF_UP) | (allMulticast === undefined ? 0 : IFF_ALLMULTI),
  ];
  writeU32(header, 8, values);
  writeU32(header, 12, mask);
  return header;
}

/** Family header and, for a link known by its name, IFLA_IFNAME. */
export function keyedLink(key: LinkKey, { up, allMulticast }: FlagChanges = {}): Uint8Array {
  return typeof key === "number"
    ? ifinfomsg(key, up, allMulticast)
    : concat([ifinfomsg(0, up, allMulticast), text(IFLA_IFNAME, key)]);
}

/** As `ip` names a link in its messages; the index stands for a name that was not needed. */
export function keyTitle(key: LinkKey): string {
  return typeof key === "number" ? `index ${key}` : key;
}
