/** What a tap says of itself: IFLA_TUN_* (linux/if_link.h). Netlink makes none: linux/vm/create-tap.ts does. */
import { getU8, getU32 } from "../attr.ts";
import type { Link } from "./decode-link.ts";

const IFLA_TUN_OWNER = 1;
const IFLA_TUN_GROUP = 2;
const IFLA_TUN_TYPE = 3;
const IFLA_TUN_VNET_HDR = 5;
const IFLA_TUN_PERSIST = 6;
const IFLA_TUN_MULTI_QUEUE = 7;

/** IFF_TAP of linux/if_tun.h: frames, where a tun has packets. */
const IFF_TAP = 2;

export interface TapLink {
  readonly owner: number | undefined;
  readonly group: number | undefined;
  readonly multiQueue: boolean;
  readonly vnetHeader: boolean;
  readonly persistent: boolean;
}

/** @returns undefined when the link is no tap */
export function decodeTap({ kind, data }: Link): TapLink | undefined {
  if (kind !== "tun" || getU8(data, IFLA_TUN_TYPE) !== IFF_TAP) return undefined;
  return {
    owner: getU32(data, IFLA_TUN_OWNER),
    group: getU32(data, IFLA_TUN_GROUP),
    multiQueue: getU8(data, IFLA_TUN_MULTI_QUEUE) === 1,
    vnetHeader: getU8(data, IFLA_TUN_VNET_HDR) === 1,
    persistent: getU8(data, IFLA_TUN_PERSIST) === 1,
  };
}
