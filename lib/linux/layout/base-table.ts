/** The table as the kernel gets it, once per host. */
import type { Reply, Request } from "../../netlink/message.ts";
import { addChain } from "../../netlink/nft/chain.ts";
import type { Expression } from "../../netlink/nft/expr/expression.ts";
import { NFT_REG_1 } from "../../netlink/nft/expr/register.ts";
import { NFPROTO } from "../../netlink/nft/message.ts";
import { addRule } from "../../netlink/nft/rule.ts";
import { addSet } from "../../netlink/nft/set.ts";
import { createTable, decodeTable, getTable } from "../../netlink/nft/table.ts";
import { type LayoutRule, layoutChains } from "./chains.ts";
import { layoutSet, layoutSetNames } from "./sets.ts";
import { LAYOUT_TABLE, layoutComment, parseLayoutComment } from "./table.ts";

/**
 * All of the table for one transaction. Look first whether it is there (`getBaseTable`): two processes that both
 * found none may both send this, and the later one gets EEXIST for the table and changes nothing.
 */
export function baseTable(): readonly Request[] {
  const chains = layoutChains();
  return [
    createTable({ ...LAYOUT_TABLE, comment: layoutComment() }),
    ...chains.map(({ name, base }) => addChain({ ...LAYOUT_TABLE, chain: name, ...(base && { base }) })),
    ...layoutSetNames.map((set, i) => addSet({ ...LAYOUT_TABLE, set, ...layoutSet(set) }, i + 1)),
    ...chains.flatMap(({ name, rules }) => rules.map((rule) => encodeRule(name, rule))),
  ];
}

/** One reply; ENOENT when the host has no table of ours. */
export function getBaseTable(): Request {
  return getTable(LAYOUT_TABLE);
}

/** @returns undefined for a table of that name that is not ours. @throws {RangeError} when the reply is truncated */
export function decodeLayoutVersion(reply: Reply): number | undefined {
  return parseLayoutComment(decodeTable(reply).comment);
}

function encodeRule(chain: string, { terms, comment }: LayoutRule): Request {
  const expressions: Expression[] = [];
  let known: "ip" | "ip6" | undefined;
  for (const term of terms) {
    // A table of family inet sees both protocols: the first term that reads a header asks which one it is.
    if (term.protocol && term.protocol !== known) expressions.push(...ofProtocol(term.protocol));
    known = term.protocol ?? known;
    expressions.push(...term.expressions);
  }
  const rule = { ...LAYOUT_TABLE, chain, expressions, ...(comment !== undefined && { comment }) };
  return addRule(rule, terms.map(({ words }) => words).join(" "));
}

function ofProtocol(protocol: "ip" | "ip6"): readonly Expression[] {
  return [
    { kind: "meta", key: "nfproto", register: NFT_REG_1 },
    { kind: "cmp", op: "eq", register: NFT_REG_1, value: Uint8Array.of(NFPROTO[protocol]) },
  ];
}
