/** What neighbours and forwarding rows share: numbers of linux/neighbour.h and the family header. */
import { writeU16, writeU32 } from "../bytes.ts";

export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;

export const NDA_DST = 1;
export const NDA_LLADDR = 2;
export const NDA_IFINDEX = 8;
export const NDA_MASTER = 9;
export const NDA_PROTOCOL = 12;

export const NTF_USE = 0x01;
export const NTF_SELF = 0x02;
export const NTF_MASTER = 0x04;
export const NTF_PROXY = 0x08;
export const NTF_EXT_LEARNED = 0x10;
export const NTF_ROUTER = 0x80;

export const NUD_REACHABLE = 0x02;
export const NUD_STALE = 0x04;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;

export const NDMSG_LENGTH = 12;

export interface Ndmsg {
  readonly family: number;
  readonly index?: number;
  /** NUD_*. */
  readonly state?: number;
  /** NTF_*. */
  readonly flags?: number;
}

/** struct ndmsg. */
export function ndmsg({ family, index = 0, state = 0, flags = 0 }: Ndmsg): Uint8Array {
  const header = new Uint8Array(NDMSG_LENGTH);
  header[0] = family;
  writeU32(header, 4, index);
  writeU16(header, 8, state);
  header[10] = flags;
  return header;
}
