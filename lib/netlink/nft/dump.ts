/** Dumps of everything in the rule set, whatever family and table it is in (linux/netfilter/nf_tables.h). */
import { findAttr, getBe32, getNested, getText } from "../attr.ts";
import { readU8 } from "../bytes.ts";
import { NLM_F_DUMP, type Reply, type Request } from "../message.ts";
import { NFNL_SUBSYS_NFTABLES, nfgenmsg, nfnlType } from "../nfnetlink.ts";
import {
  decodeNft,
  NFPROTO,
  NFT_MSG_GETCHAIN,
  NFT_MSG_GETRULE,
  NFT_MSG_GETTABLE,
  type TableName,
} from "./message.ts";

const NFPROTO_UNSPEC = 0;

const dump = (what: string, message: number): Request => ({
  title: `list ${what}`,
  type: nfnlType(NFNL_SUBSYS_NFTABLES, message),
  flags: NLM_F_DUMP,
  payload: nfgenmsg(NFPROTO_UNSPEC),
});

/** One reply per table. */
export const dumpAllTables = (): Request => dump("tables", NFT_MSG_GETTABLE);
/** One reply per chain, in the order in which they were made. */
export const dumpAllChains = (): Request => dump("chains", NFT_MSG_GETCHAIN);
/** One reply per rule, in the order of each chain. */
export const dumpAllRules = (): Request => dump("rules", NFT_MSG_GETRULE);

/** Whether the reply is about a family that we have a name for. */
export function isKnownFamily(reply: Reply): boolean {
  return Object.values<number>(NFPROTO).includes(readU8(reply.payload, 0));
}

const NFTA_TABLE_NAME = 1;
const NFTA_TABLE_FLAGS = 2;
const NFT_TABLE_F_DORMANT = 0x1;

/** Whether its chains are switched off. @throws {RangeError} when the reply is truncated */
export function decodeDormant(reply: Reply): TableName & { readonly dormant: boolean } {
  const { family, attrs } = decodeNft(reply);
  const dormant = ((getBe32(attrs, NFTA_TABLE_FLAGS) ?? 0) & NFT_TABLE_F_DORMANT) !== 0;
  return { family, table: getText(attrs, NFTA_TABLE_NAME) ?? "", dormant };
}

const NFTA_SET_TABLE = 1;
const NFTA_SET_NAME = 2;
const NFTA_SET_FLAGS = 3;
const NFTA_SET_KEY_LEN = 5;
const NFTA_SET_DATA_TYPE = 6;
const NFTA_SET_DESC = 9;
const NFTA_SET_DESC_CONCAT = 2;
const NFT_SET_ANONYMOUS = 0x1;
const NFT_SET_INTERVAL = 0x4;
const NFT_SET_MAP = 0x8;
const NFT_DATA_VERDICT = 0xffffff00;

/** A set of anybody's: its form, without the data types, which are of no concern to the kernel. */
export interface SetShape extends TableName {
  readonly set: string;
  /** Bytes. */
  readonly keyLength: number;
  readonly anonymous: boolean;
  readonly interval: boolean;
  /** Ranges of several fields: an element bears both ends. */
  readonly concatenated: boolean;
  readonly holds: "keys" | "verdicts" | "data";
}

/** @throws {RangeError} when the reply is truncated */
export function decodeSetShape(reply: Reply): SetShape {
  const { family, attrs } = decodeNft(reply);
  const flags = getBe32(attrs, NFTA_SET_FLAGS) ?? 0;
  const verdicts = getBe32(attrs, NFTA_SET_DATA_TYPE) === NFT_DATA_VERDICT;
  return {
    family,
    table: getText(attrs, NFTA_SET_TABLE) ?? "",
    set: getText(attrs, NFTA_SET_NAME) ?? "",
    keyLength: getBe32(attrs, NFTA_SET_KEY_LEN) ?? 0,
    anonymous: (flags & NFT_SET_ANONYMOUS) !== 0,
    interval: (flags & NFT_SET_INTERVAL) !== 0,
    concatenated: findAttr(getNested(attrs, NFTA_SET_DESC) ?? [], NFTA_SET_DESC_CONCAT) !== undefined,
    holds: flags & NFT_SET_MAP ? (verdicts ? "verdicts" : "data") : "keys",
  };
}
