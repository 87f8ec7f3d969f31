/** What all route messages share: numbers of linux/rtnetlink.h and the family header. */
import { writeU32 } from "../bytes.ts";

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

export const RTA_DST = 1;
export const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
export const RTA_PRIORITY = 6;
export const RTA_PREFSRC = 7;
export const RTA_METRICS = 8;
export const RTA_MULTIPATH = 9;
export const RTA_TABLE = 15;
export const RTA_VIA = 18;
export const RTA_NH_ID = 30;

export const RTAX_MTU = 2;
export const RTAX_ADVMSS = 8;

export const RTNH_F_ONLINK = 4;
export const RTM_F_LOOKUP_TABLE = 0x1000;

export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;

export const RTPROT_KERNEL = 2;
export const RTPROT_BOOT = 3;
/** Routes that the kernel learnt from router advertisements. */
export const RTPROT_RA = 9;
/** Ours: routes that bear it are this project's. No daemon of /etc/iproute2/rt_protos has this number. */
export const RTPROT_VSWITCH = 0x76;

/** RTN_*. */
export const routeTypes = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
} as const;
export type RouteType = keyof typeof routeTypes;

export const RTMSG_LENGTH = 12;

export interface Rtmsg {
  readonly family: number;
  readonly dstLength?: number;
  readonly table?: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly type?: number;
  readonly flags?: number;
}

/** struct rtmsg; a table beyond 8 bits is told by RTA_TABLE alone. */
export function rtmsg(fields: Rtmsg): Uint8Array {
  const { family, dstLength = 0, table = 0, protocol = 0, scope = 0, type = 0, flags = 0 } = fields;
  const header = new Uint8Array(RTMSG_LENGTH);
  header.set([family, dstLength, 0, 0, table > 0xff ? 0 : table, protocol, scope, type]);
  writeU32(header, 8, flags);
  return header;
}
