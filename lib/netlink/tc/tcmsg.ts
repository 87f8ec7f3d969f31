/** What all messages of traffic control share: numbers of linux/rtnetlink.h and linux/pkt_sched.h, the family header. */
import { writeU32 } from "../bytes.ts";

export const RTM_NEWQDISC = 36;
export const RTM_DELQDISC = 37;
export const RTM_GETQDISC = 38;
export const RTM_NEWTFILTER = 44;
export const RTM_GETTFILTER = 46;

export const TCA_KIND = 1;
export const TCA_OPTIONS = 2;

/** Parent of the queueing discipline through which a link sends. */
export const TC_H_ROOT = 0xffff_ffff;
/** Parent of the one that sees what a link has received. */
export const TC_H_INGRESS = 0xffff_fff1;
/** Its handle, `ffff:` in the words of `tc`. */
export const INGRESS_HANDLE = 0xffff_0000;

export const TCMSG_LENGTH = 20;

export interface TcHeader {
  /** Of the link. */
  readonly index: number;
  readonly handle?: number;
  readonly parent?: number;
  /** Of a filter: its priority above, its protocol in network order below. */
  readonly info?: number;
}

/** struct tcmsg, which knows links by their index alone. */
export function tcmsg({ index, handle = 0, parent = 0, info = 0 }: TcHeader): Uint8Array {
  const header = new Uint8Array(TCMSG_LENGTH);
  writeU32(header, 4, index);
  writeU32(header, 8, handle);
  writeU32(header, 12, parent);
  writeU32(header, 16, info);
  return header;
}
