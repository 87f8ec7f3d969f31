/** A table of the layout to requests. */
import type { Request } from "../../netlink/message.ts";
import { addChain } from "../../netlink/nft/chain.ts";
import type { Expression } from "../../netlink/nft/expr/expression.ts";
import { NFT_REG_1 } from "../../netlink/nft/expr/register.ts";
import { NFPROTO, type NftFamily, type TableName } from "../../netlink/nft/message.ts";
import { addRule, flushChain } from "../../netlink/nft/rule.ts";
import { addSet } from "../../netlink/nft/set.ts";
import { createTable } from "../../netlink/nft/table.ts";
import type { LayoutRule } from "./chains.ts";
import type { LayoutTable } from "./layout-tables.ts";

/** Fails where the table is. */
export function encodeTable(layout: LayoutTable): readonly Request[] {
  const { family, table, comment } = layout;
  return [createTable({ family, table, comment }), ...chainsAndSets(layout), ...rulesOf(layout)];
}

/** Makes a table that is there whole again: elements stay, rules are written anew. */
export function encodeRepair(layout: LayoutTable): readonly Request[] {
  const { family, table, chains } = layout;
  const flushes = chains.map(({ name }) => flushChain(family, table, name));
  return [...chainsAndSets(layout), ...flushes, ...rulesOf(layout)];
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

function encodeRule(table: TableName, chain: string, { terms, comment }: LayoutRule): Request {
  const expressions: Expression[] = [];
  let known: "ip" | "ip6" | undefined;
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

/** linux/if_ether.h, in network order. */
const ETHERTYPE = { ip: Uint8Array.of(0x08, 0x00), ip6: Uint8Array.of(0x86, 0xdd) } as const;

/** As nft asks it, so that it leaves the question out when it lists the rule. */
function ofProtocol(family: NftFamily, protocol: "ip" | "ip6"): readonly Expression[] {
  const bridged = family === "bridge";
  return [
    { kind: "meta", key: bridged ? "protocol" : "nfproto", register: NFT_REG_1 },
    {
      kind: "cmp",
      op: "eq",
      register: NFT_REG_1,
      value: bridged ? ETHERTYPE[protocol] : Uint8Array.of(NFPROTO[protocol]),
    },
  ];
}
