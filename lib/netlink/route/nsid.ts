/** Numbers by which a namespace knows others: RTM_NEWNSID, RTM_GETNSID (linux/net_namespace.h). */
import { decodeAttrs, getI32, u32 } from "../attr.ts";
import { concat } from "../bytes.ts";
import type { Reply, Request } from "../message.ts";

const RTM_NEWNSID = 88;
const RTM_GETNSID = 90;
const RTGENMSG_LENGTH = 4;

const NETNSA_NSID = 1;
const NETNSA_FD = 3;

/** Gives a namespace a number here. @param nsid -1 lets the kernel choose; EEXIST when it has one already */
export function newNsid(netnsFd: number, nsid = -1): Request {
  return {
    title: `netns set fd ${netnsFd} ${nsid === -1 ? "auto" : nsid}`,
    type: RTM_NEWNSID,
    flags: 0,
    payload: concat([new Uint8Array(RTGENMSG_LENGTH), u32(NETNSA_FD, netnsFd), u32(NETNSA_NSID, nsid)]),
  };
}

/** The number of a namespace here. */
export function getNsid(netnsFd: number): Request {
  return {
    title: `netns list-id fd ${netnsFd}`,
    type: RTM_GETNSID,
    flags: 0,
    payload: concat([new Uint8Array(RTGENMSG_LENGTH), u32(NETNSA_FD, netnsFd)]),
  };
}

/** @returns undefined when the namespace has no number here */
export function decodeNsid({ payload }: Reply): number | undefined {
  const nsid = getI32(decodeAttrs(payload, RTGENMSG_LENGTH), NETNSA_NSID);
  return nsid === undefined || nsid < 0 ? undefined : nsid;
}
