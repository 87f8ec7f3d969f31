/** The nf_tables of the fake kernel: tables, chains, rules, sets and their elements. */
import { bounds, overlaps, type Prefix } from "../../lib/addr/prefix.ts";
import { be32, getText } from "../../lib/netlink/attr.ts";
import { concat } from "../../lib/netlink/bytes.ts";
import { isDump, NLM_F_EXCL, type Reply, type Request } from "../../lib/netlink/message.ts";
import { NFNL_SUBSYS_NFTABLES } from "../../lib/netlink/nfnetlink.ts";
import { decodeChain } from "../../lib/netlink/nft/chain.ts";
import { decodeElements, elementRequests } from "../../lib/netlink/nft/element.ts";
import * as nft from "../../lib/netlink/nft/message.ts";
import { decodeRule } from "../../lib/netlink/nft/rule.ts";
import { decodeSet, type SetType } from "../../lib/netlink/nft/set.ts";
import { addTable, decodeTable } from "../../lib/netlink/nft/table.ts";
import {
  decodeTypedElements,
  encodeTypedElement,
  formatTypedElement,
  type TypedElement,
} from "../../lib/netlink/nft/typed-element.ts";
import { Refusal } from "./stack.ts";

const NFTA_CHAIN_USE = 6;

interface Table extends nft.TableName {
  readonly comment: string | undefined;
  /** Number of rules by the name of their chain. */
  readonly chains: Map<string, number>;
  readonly sets: Map<string, { readonly type: SetType; elements: readonly TypedElement[] }>;
}

export type Ruleset = ReadonlyMap<string, Table>;

/** What is asked for: allowed outside of transactions, and only there. */
export function answerRules(request: Request, ruleset: Ruleset): readonly Reply[] {
  const { family, attrs } = nft.decodeNft({ ...request });
  const name = `${family} ${getText(attrs, 1)}`;
  switch (request.type & 0xff) {
    case nft.NFT_MSG_GETTABLE: {
      const table = found(ruleset.get(name));
      const named = { family, table: table.table };
      const { payload } = addTable(
        table.comment === undefined ? named : { ...named, comment: table.comment },
      );
      return [{ type: (NFNL_SUBSYS_NFTABLES << 8) | nft.NFT_MSG_NEWTABLE, flags: 0, payload }];
    }
    case nft.NFT_MSG_GETCHAIN: {
      const chain = getText(attrs, 3) ?? "";
      const uses = found(found(ruleset.get(name)).chains.get(chain));
      return [{ ...request, payload: concat([request.payload, be32(NFTA_CHAIN_USE, uses)]) }];
    }
    case nft.NFT_MSG_GETSETELEM: {
      // libnftnl puts the set before the table here, and the kernel goes by the attribute's number.
      const { table, set, type, elements } = setOf(request, ruleset);
      const wanted = isDump(request) ? undefined : decodeTypedElements(type, decodeElements(request));
      const answered = wanted?.map((one) => found(elements.find((held) => clash(type, held, one))));
      const groups = (answered ?? elements).map((element) => encodeTypedElement(type, element));
      return elementRequests("add", { family, table, set }, groups, () => "");
    }
    default:
      throw new Refusal("EINVAL");
  }
}

/** @returns the rules after a transaction. @throws {Refusal} and nothing has changed */
export function commit(request: Request, ruleset: Ruleset): Ruleset {
  const next = new Map(ruleset);
  const { family, attrs } = nft.decodeNft({ ...request });
  const name = `${family} ${getText(attrs, 1)}`;
  switch (request.type & 0xff) {
    case nft.NFT_MSG_NEWTABLE: {
      const { table, comment } = decodeTable(request);
      if (request.flags & NLM_F_EXCL && next.has(name)) throw new Refusal("EEXIST");
      if (!next.has(name)) next.set(name, { family, table, comment, chains: new Map(), sets: new Map() });
      return next;
    }
    case nft.NFT_MSG_DELTABLE:
      found(next.get(name));
      next.delete(name);
      return next;
  }
  const table = structuredClone(found(next.get(name)));
  next.set(name, table);
  switch (request.type & 0xff) {
    case nft.NFT_MSG_NEWCHAIN: {
      const { chain } = decodeChain(request);
      table.chains.set(chain, table.chains.get(chain) ?? 0);
      return next;
    }
    case nft.NFT_MSG_DELRULE:
      found(table.chains.get(getText(attrs, 2) ?? ""));
      table.chains.set(getText(attrs, 2) ?? "", 0);
      return next;
    case nft.NFT_MSG_NEWSET: {
      const set = decodeSet(request);
      if (!table.sets.has(set.set)) table.sets.set(set.set, { type: set, elements: [] });
      return next;
    }
    case nft.NFT_MSG_NEWRULE: {
      const { chain, expressions } = decodeRule(request);
      for (const one of expressions) if (one.kind === "lookup") found(table.sets.get(one.set));
      table.chains.set(chain, found(table.chains.get(chain)) + 1);
      return next;
    }
    case nft.NFT_MSG_NEWSETELEM:
    case nft.NFT_MSG_DELSETELEM: {
      const { set, type, elements } = setOf(request, next);
      const given = decodeTypedElements(type, decodeElements(request));
      const isNew = (request.type & 0xff) === nft.NFT_MSG_NEWSETELEM;
      const change = isNew ? (request.flags & NLM_F_EXCL ? create : add) : remove;
      const changed = given.reduce((all, one) => change(type, all, one), elements);
      found(table.sets.get(set)).elements = changed;
      return next;
    }
    default:
      throw new Error(`the fake kernel does not know ${request.title}`);
  }
}

type Change = (type: SetType, all: readonly TypedElement[], one: TypedElement) => readonly TypedElement[];

const create: Change = (type, all, one) => {
  if (all.some((held) => clash(type, held, one))) throw new Refusal("EEXIST");
  return [...all, one];
};

/** An equal element is left alone; the same key with other data is refused (nf_tables_api.c, nft_add_set_elem). */
const add: Change = (type, all, one) => {
  const held = all.find((other) => String(other.key) === String(one.key));
  if (held === undefined) return create(type, all, one);
  if (String(held.data) !== String(one.data)) throw new Refusal("EBUSY");
  return all;
};

const remove: Change = (_, all, one) => {
  const left = all.filter((held) => String(held.key) !== String(one.key));
  if (left.length === all.length) throw new Refusal("ENOENT");
  return left;
};

/**
 * Whether the kernel takes them for the same, or for overlapping: in sets of several fields it looks for the first and
 * the last key of the new element alone (nft_set_pipapo.c), so one around those that are there is no overlap to it.
 */
function clash({ key: fields, interval }: SetType, held: TypedElement, one: TypedElement): boolean {
  if (!interval) return String(held.key) === String(one.key);
  const pairs = held.key.map((field, i) => [field as Prefix, one.key[i] as Prefix] as const);
  if (fields.length === 1) return pairs.every(([ours, theirs]) => overlaps(ours, theirs));
  const holds = (end: "first" | "last") =>
    pairs.every(([ours, theirs]) => {
      const { first, last } = bounds(ours);
      return first <= bounds(theirs)[end] && bounds(theirs)[end] <= last;
    });
  return holds("first") || holds("last");
}

function setOf(request: Request, ruleset: Ruleset) {
  const { family, attrs } = nft.decodeNft({ ...request });
  const [table = "", set = ""] = [getText(attrs, 1), getText(attrs, 2)];
  const { type, elements } = found(found(ruleset.get(`${family} ${table}`)).sets.get(set));
  return { table, set, type, elements };
}

function found<T>(thing: T | undefined): T {
  if (thing === undefined) throw new Refusal("ENOENT");
  return thing;
}

/** Like `nft list ruleset`, in an order of its own that does not depend on who came first. */
export function formatRuleset(ruleset: Ruleset): string {
  const lines = [...ruleset].flatMap(([name, { comment, chains, sets }]) => [
    `table ${name} "${comment}"`,
    ...[...chains].map(([chain, rules]) => `  chain ${chain}: ${rules} rules`),
    ...[...sets].flatMap(([set, { type, elements }]) => [
      `  ${type.data ? "map" : "set"} ${set}`,
      ...elements.map((element) => `    ${formatTypedElement(type, element)}`).toSorted(),
    ]),
  ]);
  return lines.join("\n");
}
