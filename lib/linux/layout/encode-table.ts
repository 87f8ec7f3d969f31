/** A table of the layout to requests. */
import type { Request } from "../../netlink/message.ts";
import { addChain } from "../../netlink/nft/chain.ts";
import type { Expression } from "../../netlink/nft/expr/expression.ts";
import { NFT_REG_1 } from "../../netlink/nft/expr/register.ts";
import { NFPROTO, type NftFamily, type TableName } from "../../netlink/nft/message.ts";
import { addRule, flushChain } from "../../netlink/nft/rule.ts";
import { addSet } from "../../netlink/nft/set.ts";
import { addTable, createTable } from "../../netlink/nft/table.ts";
import type { NetworkProtocol } from "./field.ts";
import { ETHERTYPE, isProtocol } from "./header-term.ts";
import type { LayoutRule } from "./layout-chain.ts";
import type { LayoutTable } from "./layout-tables.ts";

/** Fails where the table is. */
export function encodeTable(layout: LayoutTable): readonly Request[] {
  const { family, table, comment } = layout;
  return [createTable({ family, table, comment }), ...chainsAndSets(layout), ...rulesOf(layout)];
}

/** Makes a table whole again, or anew where it is gone: elements stay, rules are written anew. */
export function encodeRepair(layout: LayoutTable): readonly Request[] {
  const { family, table, comment, chains } = layout;
  const flushes = chains.map(({ name }) => flushChain(family, table, name));
  return [addTable({ family, table, comment }), ...chainsAndSets(layout), ...flushes, ...rulesOf(layout)];
}

/** They come before the rules that name them; those that are there are left as they are. */
function chainsAndSets({ family, table, sets, chains }: LayoutTable): readonly Request[] {
  const name = { family, table };
  return [
    ...chains.map(({ name: chain, base }) => addChain({ ...name, chain, ...(base && { base }) })),
    ...sets.map(([set, type], i) => addSet({ ...type, ...name, set }, i + 1)),
  ];
}

function rulesOf({ family, table, chains }: LayoutTable): readonly Request[] {
  return chains.flatMap(({ name, rules }) => rules.map((rule) => encodeRule({ family, table }, name, rule)));
}

/** @throws {RangeError} when an expression does not fit */
export function encodeRule(table: TableName, chain: string, { terms, comment }: LayoutRule): Request {
  const expressions: Expression[] = [];
  let known: NetworkProtocol | undefined;
  for (const term of terms) {
    // The table sees both protocols: the first term that reads a header asks which one it is.
    if (term.protocol && term.protocol !== known)
      expressions.push(...ofProtocol(table.family, term.protocol));
    known = term.protocol ?? known;
    expressions.push(...term.expressions);
  }
  const rule = { ...table, chain, expressions, ...(comment !== undefined && { comment }) };
  return addRule(rule, terms.map(({ words }) => words).join(" "));
}

/** As nft asks it, so that it leaves the question out when it lists the rule. */
function ofProtocol(family: NftFamily, protocol: NetworkProtocol): readonly Expression[] {
  if (protocol === "arp") {
    const etherType = { kind: "payload", base: "ll", offset: 12, length: 2, register: NFT_REG_1 } as const;
    return [etherType, { kind: "cmp", op: "eq", register: NFT_REG_1, value: ETHERTYPE.arp }];
  }
  if (family === "bridge") return isProtocol(protocol).expressions;
  return [
    { kind: "meta", key: "nfproto", register: NFT_REG_1 },
    { kind: "cmp", op: "eq", register: NFT_REG_1, value: Uint8Array.of(NFPROTO[protocol]) },
  ];
}
