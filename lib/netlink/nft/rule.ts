/** Rules (linux/netfilter/nf_tables.h, enum nft_rule_attributes). */
import { bytes, decodeAttrs, findAttr, getBe64, getText, nested, text } from "../attr.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP, type Reply, type Request } from "../message.ts";
import { decodeExpressions, type Expression, encodeExpression } from "./expr/expression.ts";
import {
  decodeNft,
  NFT_MSG_DELRULE,
  NFT_MSG_GETRULE,
  NFT_MSG_NEWRULE,
  nftRequest,
  type TableName,
} from "./message.ts";
import { commentUserdata, decodeComment, NFTNL_UDATA_RULE_COMMENT } from "./userdata.ts";

const NFTA_RULE_TABLE = 1;
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_HANDLE = 3;
const NFTA_RULE_EXPRESSIONS = 4;
const NFTA_RULE_USERDATA = 7;

export interface Rule extends TableName {
  readonly chain: string;
  readonly expressions: readonly Expression[];
  readonly comment?: string;
}

export interface RuleInfo extends Rule {
  readonly handle: bigint;
}

/** Appends a rule. @param words the rule as nft writes it, without its comment: for the title only */
export function addRule({ family, table, chain, expressions, comment }: Rule, words: string): Request {
  const parts = [
    text(NFTA_RULE_TABLE, table),
    text(NFTA_RULE_CHAIN, chain),
    nested(NFTA_RULE_EXPRESSIONS, expressions.map(encodeExpression)),
  ];
  if (comment !== undefined) {
    parts.push(bytes(NFTA_RULE_USERDATA, commentUserdata(NFTNL_UDATA_RULE_COMMENT, comment)));
  }
  const note = comment === undefined ? "" : ` comment "${comment}"`;
  const title = `add rule ${family} ${table} ${chain} ${words}${note}`;
  return nftRequest(title, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family, parts);
}

/** Deletes all rules of a chain. */
export function flushChain(family: TableName["family"], table: string, chain: string): Request {
  return nftRequest(`flush chain ${family} ${table} ${chain}`, NFT_MSG_DELRULE, 0, family, [
    text(NFTA_RULE_TABLE, table),
    text(NFTA_RULE_CHAIN, chain),
  ]);
}

/** A dump: one reply per rule, in their order. */
export function dumpRules(family: TableName["family"], table: string, chain: string): Request {
  return nftRequest(`list chain ${family} ${table} ${chain}`, NFT_MSG_GETRULE, NLM_F_DUMP, family, [
    text(NFTA_RULE_TABLE, table),
    text(NFTA_RULE_CHAIN, chain),
  ]);
}

/** @throws {RangeError} when the reply is truncated */
export function decodeRule(reply: Reply): RuleInfo {
  const { family, attrs } = decodeNft(reply);
  const comment = decodeComment(findAttr(attrs, NFTA_RULE_USERDATA), NFTNL_UDATA_RULE_COMMENT);
  return {
    family,
    table: getText(attrs, NFTA_RULE_TABLE) ?? "",
    chain: getText(attrs, NFTA_RULE_CHAIN) ?? "",
    expressions: decodeExpressions(decodeAttrs(findAttr(attrs, NFTA_RULE_EXPRESSIONS) ?? new Uint8Array())),
    ...(comment !== undefined && { comment }),
    handle: getBe64(attrs, NFTA_RULE_HANDLE) ?? 0n,
  };
}
