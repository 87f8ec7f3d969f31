/** Trace messages: what rules did with a packet that is traced (linux/netfilter/nf_tables.h, enum nft_trace_attributes). */
import { getBe32, getBe64, getNested, getText } from "../attr.ts";
import type { Message } from "../message.ts";
import { NFNL_SUBSYS_NFTABLES, nfnlType } from "../nfnetlink.ts";
import { decodeNft, type TableName } from "./message.ts";
import { decodeVerdict, type Verdict } from "./verdict.ts";

const NFT_MSG_TRACE = 17;
/** Multicast group of netfilter netlink (linux/netfilter/nfnetlink.h). */
export const NFNLGRP_NFTRACE = 9;

const NFTA_TRACE_TABLE = 1;
const NFTA_TRACE_CHAIN = 2;
const NFTA_TRACE_RULE_HANDLE = 3;
const NFTA_TRACE_TYPE = 4;
const NFTA_TRACE_VERDICT = 5;
const NFTA_TRACE_ID = 6;
const NFTA_TRACE_IIF = 10;
const NFTA_TRACE_OIF = 12;
const NFTA_TRACE_POLICY = 16;

/** enum nft_trace_types, in their order. */
const TYPES = ["unspec", "policy", "return", "rule"] as const;
const NF_ACCEPT = 1;

export interface TraceMessage extends TableName {
  readonly chain: string;
  /** `rule`: one that applied; `policy`: the end of a base chain; `return`: the end of any other. */
  readonly type: "policy" | "return" | "rule";
  readonly handle?: bigint;
  /** Absent for one that rules do not write, such as handing over to a program. */
  readonly verdict?: Verdict;
  readonly policy?: "accept" | "drop";
  /** The same for all messages about one packet. */
  readonly id: number;
  /** Indexes of interfaces. */
  readonly in?: number;
  readonly out?: number;
}

/** @returns undefined for other messages, and for those that cannot be read */
export function decodeTrace(message: Message): TraceMessage | undefined {
  if (message.type !== nfnlType(NFNL_SUBSYS_NFTABLES, NFT_MSG_TRACE)) return undefined;
  try {
    return decode(message);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function decode(message: Message): TraceMessage | undefined {
  const { family, attrs } = decodeNft(message);
  const type = TYPES[getBe32(attrs, NFTA_TRACE_TYPE) ?? 0];
  if (type === undefined || type === "unspec") return undefined;
  const verdict = getNested(attrs, NFTA_TRACE_VERDICT);
  const policy = getBe32(attrs, NFTA_TRACE_POLICY);
  const handle = getBe64(attrs, NFTA_TRACE_RULE_HANDLE);
  const [from, to] = [getBe32(attrs, NFTA_TRACE_IIF), getBe32(attrs, NFTA_TRACE_OIF)];
  return {
    family,
    table: getText(attrs, NFTA_TRACE_TABLE) ?? "",
    chain: getText(attrs, NFTA_TRACE_CHAIN) ?? "",
    type,
    id: getBe32(attrs, NFTA_TRACE_ID) ?? 0,
    ...(handle !== undefined && { handle }),
    ...(verdict && verdictOf(verdict)),
    ...(policy !== undefined && { policy: policy === NF_ACCEPT ? "accept" : "drop" }),
    ...(from !== undefined && { in: from }),
    ...(to !== undefined && { out: to }),
  };
}

function verdictOf(attrs: Parameters<typeof decodeVerdict>[0]): { readonly verdict?: Verdict } {
  try {
    return { verdict: decodeVerdict(attrs) };
  } catch (error) {
    if (error instanceof RangeError) return {};
    throw error;
  }
}
