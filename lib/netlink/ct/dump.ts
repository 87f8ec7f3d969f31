/** Finding conntrack entries, filtered by the kernel where it can: CTA_FILTER, Linux 5.8 (nfnetlink_conntrack.h). */
import type { Family, Ip } from "../../addr/ip.ts";
import { isErrno } from "../../os/error.ts";
import { nested, u32 } from "../attr.ts";
import { concat } from "../bytes.ts";
import type { Netlink } from "../connection.ts";
import { NLM_F_DUMP, type Request } from "../message.ts";
import { NFNL_SUBSYS_CTNETLINK, nfgenmsg, nfnlType } from "../nfnetlink.ts";
import { familyNumber } from "../route/family.ts";
import {
  type ConntrackEntry,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  decodeConntrack,
  IPCTNL_MSG_CT_GET,
} from "./entry.ts";
import { encodeTuple } from "./tuple.ts";

const CTA_FILTER = 25;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;

/** Which parts of a tuple count: CTA_FILTER_F_* of net/netfilter/nf_internals.h. */
const CTA_FILTER_F_CTA_IP_SRC = 1 << 0;
const CTA_FILTER_F_CTA_PROTO_NUM = 1 << 3;
const CTA_FILTER_F_CTA_PROTO_DST_PORT = 1 << 5;

export interface ConntrackFilter {
  readonly family: Family;
  /** IPPROTO_*. */
  readonly protocol: number;
  /** Port that the first packet went to: a published port. */
  readonly origDstPort?: number;
  /** Address that answers come from: a container. */
  readonly replySrc?: Ip;
}

/**
 * All entries that pass the filter. Kernels that do not know a filter send everything, so it is applied here too.
 * @throws {NetlinkError} EINVAL where there is no conntrack at all
 */
export function dumpConntrack(netlink: Netlink, filter: ConntrackFilter): readonly ConntrackEntry[] {
  return dump(netlink, filter)
    .map(decodeConntrack)
    .filter((entry) => passes(entry, filter));
}

function dump(netlink: Netlink, filter: ConntrackFilter): ReturnType<Netlink["request"]> {
  try {
    return netlink.request(encodeConntrackDump(filter));
  } catch (error) {
    if (!isErrno(error, "EINVAL", "EOPNOTSUPP")) throw error;
    return netlink.request(encodeConntrackDump({ family: filter.family }));
  }
}

/** @param filter without a protocol: everything of the family */
export function encodeConntrackDump(filter: Partial<ConntrackFilter>): Request {
  const { family, protocol, origDstPort, replySrc } = filter;
  const parts = [nfgenmsg(familyNumber(family))];
  if (protocol !== undefined) parts.push(...encodeFilter({ protocol, origDstPort, replySrc }));
  const words = [
    family && `-f ipv${family}`,
    protocol && `-p ${protocol}`,
    origDstPort && `--orig-port-dst ${origDstPort}`,
    replySrc && `--reply-src ${replySrc}`,
  ];
  return {
    title: ["conntrack -L", ...words].filter(Boolean).join(" "),
    type: nfnlType(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET),
    flags: NLM_F_DUMP,
    payload: concat(parts),
  };
}

function encodeFilter(filter: {
  readonly protocol: number;
  readonly origDstPort: number | undefined;
  readonly replySrc: Ip | undefined;
}): Uint8Array[] {
  const { protocol, origDstPort, replySrc } = filter;
  const origFlags =
    CTA_FILTER_F_CTA_PROTO_NUM | (origDstPort === undefined ? 0 : CTA_FILTER_F_CTA_PROTO_DST_PORT);
  const orig = { protocol, ...(origDstPort === undefined ? {} : { dstPort: origDstPort }) };
  const parts = [encodeTuple(CTA_TUPLE_ORIG, orig)];
  if (replySrc !== undefined) parts.push(encodeTuple(CTA_TUPLE_REPLY, { src: replySrc }));
  const flags = [
    u32(CTA_FILTER_ORIG_FLAGS, origFlags),
    u32(CTA_FILTER_REPLY_FLAGS, replySrc === undefined ? 0 : CTA_FILTER_F_CTA_IP_SRC),
  ];
  return [...parts, nested(CTA_FILTER, flags)];
}

function passes({ family, orig, reply }: ConntrackEntry, filter: ConntrackFilter): boolean {
  return (
    family === filter.family &&
    orig.protocol === filter.protocol &&
    (filter.origDstPort === undefined || orig.dstPort === filter.origDstPort) &&
    (filter.replySrc === undefined || reply.src === filter.replySrc)
  );
}
