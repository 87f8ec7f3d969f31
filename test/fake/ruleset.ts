/** The nf_tables of the fake kernel: tables, chains, rules, sets and their elements. */
import { be32, getText } from "../../lib/netlink/attr.ts";
import { concat } from "../../lib/netlink/bytes.ts";
import { isDump, NLM_F_EXCL, type Reply, type Request } from "../../lib/netlink/message.ts";
import { NFNL_SUBSYS_NFTABLES } from "../../lib/netlink/nfnetlink.ts";
import { decodeChain } from "../../lib/netlink/nft/chain.ts";
import { decodeElements, elementRequests } from "../../lib/netlink/nft/element.ts";
import { encodeRange, type FieldRange } from "../../lib/netlink/nft/field-range.ts";
import * as nft from "../../lib/netlink/nft/message.ts";
import { decodeRule } from "../../lib/netlink/nft/rule.ts";
import { addSet, decodeSet, type NftSet, type SetType } from "../../lib/netlink/nft/set.ts";
import { addTable, decodeTable } from "../../lib/netlink/nft/table.ts";
import {
  decodeTypedElements,
  encodeTypedElement,
  formatTypedElement,
  type TypedElement,
} from "../../lib/netlink/nft/typed-element.ts";
import { Refusal } from "./stack.ts";

const NFTA_CHAIN_USE = 6;

/** Elements by the text of their key, in the order in which they came. */
type Elements = ReadonlyMap<string, TypedElement>;

interface Table extends nft.TableName {
  readonly comment: string | undefined;
  /** By the name of the chain: of each of its rules the sets that it names. */
  readonly chains: Map<string, readonly (readonly string[])[]>;
  readonly sets: Map<string, { readonly type: NftSet; readonly elements: Elements }>;
}

export type Ruleset = ReadonlyMap<string, Table>;

/** What is asked for: allowed outside of transactions, and only there. */
export function answerRules(request: Request, ruleset: Ruleset): readonly Reply[] {
  const { family, attrs } = nft.decodeNft(request);
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
      const table = found(ruleset.get(name));
      const uses = found(table.chains.get(chain)).length + jumpsTo(table, chain);
      return [{ ...request, payload: concat([request.payload, be32(NFTA_CHAIN_USE, uses)]) }];
    }
    case nft.NFT_MSG_GETSET: {
      const { type } = setOf(request, ruleset);
      return [addSet(type, 0)];
    }
    case nft.NFT_MSG_GETSETELEM: {
      // libnftnl puts the set before the table here, and the kernel goes by the attribute's number.
      const { table, set, type, elements } = setOf(request, ruleset);
      const wanted = isDump(request) ? undefined : decodeTypedElements(type, decodeElements(request));
      const answered = wanted?.map((one) => found(clashing(type, elements, one)));
      const groups = (answered ?? [...elements.values()]).map((one) => encodeTypedElement(type, one));
      return elementRequests("add", { family, table, set }, groups, () => "");
    }
    default:
      throw new Refusal("EINVAL");
  }
}

/** Tables of a transaction's own, which nobody else sees: copied once, however many messages it has. */
export type OwnTables = WeakSet<object>;

/** What messages say. The hundreds that make the tables are read once, however often the same ones are sent. */
export interface Readers {
  readonly nft: typeof nft.decodeNft;
  readonly chain: typeof decodeChain;
  readonly set: typeof decodeSet;
  readonly rule: typeof decodeRule;
}

export function newReaders(): Readers {
  return { nft: once(nft.decodeNft), chain: once(decodeChain), set: once(decodeSet), rule: once(decodeRule) };
}

function once<T>(decode: (message: Reply) => T): (message: Reply) => T {
  const known = new WeakMap<Reply, T>();
  return (message) => {
    const read = known.get(message) ?? decode(message);
    known.set(message, read);
    return read;
  };
}

/** @returns the rules after a message of a transaction. @throws {Refusal} and what was there before it has not changed */
export function commit(request: Request, ruleset: Ruleset, own: OwnTables, read: Readers): Ruleset {
  const next = new Map(ruleset);
  const { family, attrs } = read.nft(request);
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
  const before = found(next.get(name));
  const table = own.has(before)
    ? before
    : { ...before, chains: new Map(before.chains), sets: new Map(before.sets) };
  own.add(table);
  next.set(name, table);
  switch (request.type & 0xff) {
    case nft.NFT_MSG_NEWCHAIN: {
      const { chain } = read.chain(request);
      table.chains.set(chain, table.chains.get(chain) ?? []);
      return next;
    }
    case nft.NFT_MSG_DELCHAIN: {
      const chain = getText(attrs, 3) ?? "";
      if (found(table.chains.get(chain)).length + jumpsTo(table, chain) > 0) throw new Refusal("EBUSY");
      table.chains.delete(chain);
      return next;
    }
    case nft.NFT_MSG_DELRULE:
      found(table.chains.get(getText(attrs, 2) ?? ""));
      table.chains.set(getText(attrs, 2) ?? "", []);
      return next;
    case nft.NFT_MSG_DELSET: {
      const { set } = setOf(request, next);
      if ([...table.chains.values()].some((rules) => rules.flat().includes(set))) throw new Refusal("EBUSY");
      table.sets.delete(set);
      return next;
    }
    case nft.NFT_MSG_NEWSET: {
      const set = read.set(request);
      if (!table.sets.has(set.set)) table.sets.set(set.set, { type: set, elements: new Map() });
      return next;
    }
    case nft.NFT_MSG_NEWRULE: {
      const { chain, expressions } = read.rule(request);
      const named = expressions.flatMap((one) =>
        one.kind === "lookup" || one.kind === "dynset" ? [one.set] : [],
      );
      for (const set of named) found(table.sets.get(set));
      table.chains.set(chain, [...found(table.chains.get(chain)), named]);
      return next;
    }
    case nft.NFT_MSG_NEWSETELEM:
    case nft.NFT_MSG_DELSETELEM: {
      const { set, type, elements } = setOf(request, next);
      const given = decodeTypedElements(type, decodeElements(request));
      const isNew = (request.type & 0xff) === nft.NFT_MSG_NEWSETELEM;
      const change = isNew ? (request.flags & NLM_F_EXCL ? create : add) : remove;
      const changed = new Map(elements);
      for (const one of given) change(type, changed, one);
      table.sets.set(set, { type, elements: changed });
      return next;
    }
    default:
      throw new Error(`the fake kernel does not know ${request.title}`);
  }
}

/** Elements of verdict maps that lead to the chain. */
function jumpsTo({ sets }: Table, chain: string): number {
  const elements = [...sets.values()].flatMap((set) => [...set.elements.values()]);
  return elements.filter(({ data }) => data?.[0] === `goto ${chain}`).length;
}

type Change = (type: SetType, all: Map<string, TypedElement>, one: TypedElement) => void;

const keyOf = ({ key }: TypedElement): string => String(key);

const create: Change = (type, all, one) => {
  if (clashing(type, all, one) !== undefined) throw new Refusal("EEXIST");
  all.set(keyOf(one), one);
};

/** An equal element is left alone; the same key with other data is refused (nf_tables_api.c, nft_add_set_elem). */
const add: Change = (type, all, one) => {
  const held = all.get(keyOf(one));
  if (held === undefined || String(held.data) !== String(one.data)) create(type, all, one);
};

/** In sets of several fields it goes by the first key alone, and takes the element in which that lies. */
const remove: Change = (type, all, one) => {
  const held =
    type.interval && type.key.length > 1
      ? [...all.values()].find((other) => holds(rangesOf(type, other), rangesOf(type, one), "first"))
      : all.get(keyOf(one));
  if (held === undefined) throw new Refusal("ENOENT");
  all.delete(keyOf(held));
};

/**
 * The element that the kernel takes for the same, or for one that overlaps: in sets of several fields it looks for the
 * first and the last key of the new element alone (nft_set_pipapo.c), so one around those that are there is no overlap.
 */
function clashing(type: SetType, all: Elements, one: TypedElement): TypedElement | undefined {
  if (!type.interval) return all.get(keyOf(one));
  const wanted = rangesOf(type, one);
  return [...all.values()].find((held) => {
    const ranges = rangesOf(type, held);
    if (ranges.length === 1) return ranges.some((range) => wanted.some((other) => meet(range, other)));
    return holds(ranges, wanted, "first") || holds(ranges, wanted, "last");
  });
}

function rangesOf({ key: fields }: SetType, { key }: TypedElement): readonly FieldRange[] {
  return fields.map((field, i) => encodeRange(field, key[i] ?? ""));
}

const holds = (held: readonly FieldRange[], wanted: readonly FieldRange[], end: "first" | "last"): boolean =>
  held.every((field, i) => wanted[i] !== undefined && lies(wanted[i][end], field));

const lies = (value: Uint8Array, { first, last }: FieldRange): boolean =>
  Buffer.compare(first, value) <= 0 && Buffer.compare(value, last) <= 0;

const meet = (a: FieldRange, b: FieldRange): boolean => lies(a.first, b) || lies(b.first, a);

function setOf(request: Request, ruleset: Ruleset) {
  const { family, attrs } = nft.decodeNft(request);
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
    ...[...chains].map(([chain, rules]) => `  chain ${chain}: ${rules.length} rules`),
    ...[...sets].flatMap(([set, { type, elements }]) => [
      `  ${type.data ? "map" : "set"} ${set}`,
      ...[...elements.values()].map((element) => `    ${formatTypedElement(type, element)}`).toSorted(),
    ]),
  ]);
  return lines.join("\n");
}
