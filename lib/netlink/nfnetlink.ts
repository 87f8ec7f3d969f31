/** What all netfilter subsystems share (linux/netfilter/nfnetlink.h). */
import { writeBe16 } from "./bytes.ts";

export const NFNL_SUBSYS_CTNETLINK = 1;
export const NFNL_SUBSYS_NFTABLES = 10;
export const NFNL_MSG_BATCH_BEGIN = 16;
export const NFNL_MSG_BATCH_END = 17;

/** nlmsg_type of a message of a subsystem. */
export function nfnlType(subsystem: number, message: number): number {
  return (subsystem << 8) | message;
}

/** struct nfgenmsg: family, version 0 and a resource id in network order. */
export function nfgenmsg(family: number, resourceId = 0): Uint8Array {
  const header = new Uint8Array(4);
  header[0] = family;
  writeBe16(header, 2, resourceId);
  return header;
}
