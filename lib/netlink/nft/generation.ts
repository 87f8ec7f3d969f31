/** The generation of the rule set: it grows with each committed transaction (nf_tables.h, enum nft_gen_attributes). */
import { decodeAttrs, getBe32, getText } from "../attr.ts";
import type { Reply, Request } from "../message.ts";
import { NFNL_SUBSYS_NFTABLES, nfgenmsg, nfnlType } from "../nfnetlink.ts";
import { NFT_MSG_GETGEN } from "./message.ts";

const NFTA_GEN_ID = 1;
const NFTA_GEN_PROC_PID = 2;
const NFTA_GEN_PROC_NAME = 3;
const NFPROTO_UNSPEC = 0;

export interface Generation {
  readonly id: number;
  /** The process that asks, as the kernel sees it. */
  readonly pid: number | undefined;
  readonly process: string | undefined;
}

/** One reply. Also the cheapest question whether the kernel has nf_tables at all. */
export function getGeneration(): Request {
  return {
    title: "get generation",
    type: nfnlType(NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN),
    flags: 0,
    payload: nfgenmsg(NFPROTO_UNSPEC),
  };
}

/** @throws {RangeError} when the reply is truncated */
export function decodeGeneration(reply: Reply): Generation {
  const attrs = decodeAttrs(reply.payload, 4);
  return {
    id: getBe32(attrs, NFTA_GEN_ID) ?? 0,
    pid: getBe32(attrs, NFTA_GEN_PROC_PID),
    process: getText(attrs, NFTA_GEN_PROC_NAME),
  };
}
