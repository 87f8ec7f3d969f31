/** Reads the rules of other programs from nf_tables, iptables-nft's among them. Nothing is ever changed. */
import type { ForeignChain, ForeignHook, ForeignRule } from "../../model/foreign.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { type BaseHook, type Chain, decodeChain } from "../../netlink/nft/chain.ts";
import {
  decodeDormant,
  dumpAllChains,
  dumpAllRules,
  dumpAllTables,
  isKnownFamily,
} from "../../netlink/nft/dump.ts";
import type { Expression } from "../../netlink/nft/expr/expression.ts";
import type { NftFamily, TableName } from "../../netlink/nft/message.ts";
import { decodeRule, type RuleInfo } from "../../netlink/nft/rule.ts";
import { type ForeignSet, readSets } from "./read-set.ts";
import { translateRule } from "./translate.ts";
import type { Known } from "./value.ts";

/** Families whose chains judge packets of IP; netdev and arp see others, or see them before everybody else. */
const FAMILIES: Partial<Record<NftFamily, Pick<Known, "family" | "bridge">>> = {
  ip: { family: 4 },
  ip6: { family: 6 },
  inet: {},
  bridge: { bridge: true },
};

/** Our tables, temporary ones too, begin so. */
const OURS = "vswitch";

/**
 * All chains of tables that are not ours, in the order in which they were made.
 *
 * @param rules nfnetlink in the compartment that is asked about
 * @param interfaces names by index, for rules that bear an index; without them such a condition is unknown
 * @throws {NetlinkError} when the rule set cannot be read at all
 */
export function readForeignChains(
  rules: Netlink,
  interfaces: ReadonlyMap<number, string> = new Map(),
): readonly ForeignChain[] {
  return readForeignTables(rules, interfaces).map(({ chain }) => chain);
}

/** A rule of the kernel with what it means; the handle is what a trace of the kernel names. */
export interface ReadRule {
  readonly handle: bigint;
  readonly meaning: readonly ForeignRule[];
}

export interface ReadChain {
  readonly chain: ForeignChain;
  readonly rules: readonly ReadRule[];
}

/** As `readForeignChains`, with the handle of each rule. */
export function readForeignTables(
  rules: Netlink,
  interfaces: ReadonlyMap<number, string> = new Map(),
): readonly ReadChain[] {
  return readTables(rules, interfaces, isForeign, readSets);
}

/** Chains of all tables, ours too; what named sets hold is left out. */
export function readAllTables(rules: Netlink, interfaces: ReadonlyMap<number, string>): readonly ReadChain[] {
  const every = ({ family }: TableName): boolean => FAMILIES[family] !== undefined;
  return readTables(rules, interfaces, every, (netlink, table, wanted) =>
    readSets(netlink, table, wanted, ({ anonymous }) => anonymous),
  );
}

function readTables(
  rules: Netlink,
  interfaces: ReadonlyMap<number, string>,
  isWanted: (table: TableName) => boolean,
  setsFrom: typeof readSets,
): readonly ReadChain[] {
  const tables = rules.request(dumpAllTables()).filter(isKnownFamily).map(decodeDormant);
  const awake = tables.filter((table) => isWanted(table) && !table.dormant);
  if (awake.length === 0) return [];
  const chains = rules.request(dumpAllChains()).filter(isKnownFamily).flatMap(chainOf);
  // kube-proxy has thousands of both.
  const inChain = Map.groupBy(rules.request(dumpAllRules()).filter(isKnownFamily).map(decodeRule), chainKey);
  return awake.flatMap((table) => {
    const known = { ...FAMILIES[table.family], interfaces };
    const own = chains
      .filter((chain) => sameTable(chain, table))
      .map((chain) => ({ chain, read: inChain.get(chainKey(chain)) ?? [] }));
    const wanted = new Set(own.flatMap(({ read }) => read.flatMap(setsOf)));
    const sets = setsByName(setsFrom(rules, table, wanted));
    return own.map(({ chain, read }) => readChain(chain, read, (rule) => translateRule(rule, sets, known)));
  });
}

const chainKey = ({ family, table, chain }: Chain | RuleInfo): string => `${family} ${table} ${chain}`;

function isForeign({ family, table }: TableName): boolean {
  return (
    FAMILIES[family] !== undefined && !(table.startsWith(OURS) && (family === "inet" || family === "bridge"))
  );
}

const sameTable = (a: TableName, b: TableName): boolean => a.family === b.family && a.table === b.table;

/** Chains of other families may hang at hooks that we have no names for. */
function chainOf(reply: Parameters<typeof decodeChain>[0]): readonly Chain[] {
  try {
    return [decodeChain(reply)];
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

function readChain(
  { family, table, chain, base }: Chain,
  rules: readonly RuleInfo[],
  translate: (rule: RuleInfo) => readonly ForeignRule[],
): ReadChain {
  const read = rules.map((rule) => ({ handle: rule.handle, meaning: translate(rule) }));
  return {
    chain: {
      table: `${family} ${table}`,
      chain,
      ...(base && isForeignHook(base.hook) && { base: { ...base, hook: base.hook } }),
      rules: read.flatMap(({ meaning }) => meaning),
    },
    rules: read,
  };
}

/** "ingress" comes before anything that the model knows. */
function isForeignHook(hook: BaseHook["hook"]): hook is ForeignHook {
  return hook !== "ingress";
}

function setsOf({ expressions }: RuleInfo): readonly string[] {
  return expressions
    .filter((one): one is Extract<Expression, { kind: "lookup" }> => one.kind === "lookup")
    .map(({ set }) => set);
}

function setsByName(sets: readonly ForeignSet[]): ReadonlyMap<string, ForeignSet> {
  return new Map(sets.map((set) => [set.set, set]));
}
