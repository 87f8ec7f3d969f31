/** Conntrack entries: reading and deleting one (linux/netfilter/nfnetlink_conntrack.h). */
import type { Family } from "../../addr/ip.ts";
import { type Attr, be16, be32, decodeAttrs, getBe16, getBe32, getNested } from "../attr.ts";
import { concat, readU8 } from "../bytes.ts";
import type { Reply, Request } from "../message.ts";
import { NFNL_SUBSYS_CTNETLINK, nfgenmsg, nfnlType } from "../nfnetlink.ts";
import { AF_INET6, familyNumber } from "../route/family.ts";
import { type ConntrackTuple, decodeTuple, encodeTuple } from "./tuple.ts";

export const IPCTNL_MSG_CT_GET = 1;
const IPCTNL_MSG_CT_DELETE = 2;
const NFGENMSG_LENGTH = 4;

export const CTA_TUPLE_ORIG = 1;
export const CTA_TUPLE_REPLY = 2;
const CTA_STATUS = 3;
const CTA_ID = 12;
const CTA_ZONE = 18;

/** Bits of `status`: enum ip_conntrack_status in linux/netfilter/nf_conntrack_common.h. */
export const IPS_SRC_NAT = 1 << 4;
export const IPS_DST_NAT = 1 << 5;

export interface ConntrackEntry {
  readonly family: Family;
  /** As the first packet came. */
  readonly orig: ConntrackTuple;
  /** As answers come: with destination NAT its `src` is where the connection really leads. */
  readonly reply: ConntrackTuple;
  /** Tells this entry from a later one with the same tuple. */
  readonly id: number;
  /** IPS_*. */
  readonly status: number;
  readonly zone: number;
  readonly attrs: readonly Attr[];
}

/** @throws {RangeError} when the message is too short or lacks a tuple */
export function decodeConntrack({ payload }: Reply): ConntrackEntry {
  const family = readU8(payload, 0) === AF_INET6 ? 6 : 4;
  const attrs = decodeAttrs(payload, NFGENMSG_LENGTH);
  return {
    family,
    orig: decodeTuple(family, getNested(attrs, CTA_TUPLE_ORIG) ?? []),
    reply: decodeTuple(family, getNested(attrs, CTA_TUPLE_REPLY) ?? []),
    id: getBe32(attrs, CTA_ID) ?? 0,
    status: getBe32(attrs, CTA_STATUS) ?? 0,
    zone: getBe16(attrs, CTA_ZONE) ?? 0,
    attrs,
  };
}

/**
 * Forgets exactly this entry; ENOENT when it has gone already. For protocols with ports.
 * (A message without a tuple would empty the table; this one always has it.)
 */
export function deleteConntrack(entry: ConntrackEntry): Request {
  const { family, orig, id, zone } = entry;
  const parts = [nfgenmsg(familyNumber(family)), encodeTuple(CTA_TUPLE_ORIG, orig), be32(CTA_ID, id)];
  if (zone !== 0) parts.push(be16(CTA_ZONE, zone));
  const ports = ` --sport ${orig.srcPort} --dport ${orig.dstPort}`;
  return {
    title: `conntrack -D -p ${orig.protocol} -s ${orig.src} -d ${orig.dst}${ports}`,
    type: nfnlType(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE),
    flags: 0,
    payload: concat(parts),
  };
}
