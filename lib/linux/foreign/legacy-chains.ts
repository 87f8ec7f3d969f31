/** Rules of legacy iptables as those of lib/model/foreign.ts. They lie in one block, chain after chain. */
import type { ForeignChain, ForeignHook, ForeignRule, ForeignVerdict } from "../../model/foreign.ts";
import { decodeText } from "../../netlink/bytes.ts";
import { decodeEntries, type LegacyEntry } from "./legacy-entries.ts";
import { type LegacyTable, readLegacyTables } from "./legacy-socket.ts";
import { combine, formatMatches } from "./match.ts";
import { formatForeignVerdict } from "./verdict.ts";
import { matchExtension } from "./xt-match.ts";
import { targetVerdict } from "./xt-target.ts";

/** enum nf_inet_hooks. */
const HOOKS: readonly ForeignHook[] = ["prerouting", "input", "forward", "output", "postrouting"];
/** linux/netfilter_ipv4.h, enum nf_ip_hook_priorities; nat is before or behind filtering, by its hook. */
const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 50 };
const NAT_PRIORITIES = { prerouting: -100, input: 100, forward: 0, output: -100, postrouting: 100 } as const;

/** -NF_DROP - 1 and so on (linux/netfilter/x_tables.h). */
const VERDICTS: Readonly<Record<number, ForeignVerdict>> = {
  [-1]: { kind: "drop" },
  [-2]: { kind: "accept" },
  [-5]: { kind: "return" },
};

/**
 * All chains of the compartment of the calling thread; tables that let everything pass, as they are when they come
 * into being, are left out.
 */
export function readLegacyChains(): readonly ForeignChain[] {
  return readLegacyTables().flatMap(legacyChains);
}

/** A table that cannot be read may do anything. */
export function legacyChains(table: LegacyTable): readonly ForeignChain[] {
  const { family, entries, hooks } = table;
  try {
    if (entries === undefined) return unreadable(table);
    const chains = split(
      table,
      decodeEntries(family, entries),
      new Map(hooks.map((hook) => [hook.entry, hook])),
    );
    return chains.every(({ rules, base }) => rules.length === 0 && base?.policy !== "drop") ? [] : chains;
  } catch (error) {
    if (error instanceof RangeError) return unreadable(table);
    throw error;
  }
}

const tableName = ({ family, table }: LegacyTable): string =>
  `${family === 4 ? "ip" : "ip6"} ${table} (legacy)`;

function unreadable(table: LegacyTable): readonly ForeignChain[] {
  const text = "rules of legacy iptables that cannot be read";
  return HOOKS.map((hook) => ({
    table: tableName(table),
    chain: hook.toUpperCase(),
    base: baseOf(table, hook, "accept"),
    rules: [{ text, conditions: [], verdict: { kind: "unknown", text } }],
  }));
}

type Hooks = ReadonlyMap<number, LegacyTable["hooks"][number]>;

/** A chain of one's own begins with an entry that bears its name; the last of these is the table's end. */
function split(table: LegacyTable, entries: readonly LegacyEntry[], hooks: Hooks): readonly ForeignChain[] {
  const starts = entries.filter(({ offset, target }) => hooks.has(offset) || target.name === "ERROR");
  const names = new Map(
    starts.map((start) => [start.target.name === "ERROR" ? start.next : start.offset, nameOf(start, hooks)]),
  );
  return starts.slice(0, -1).map((start, i) => {
    const end = starts[i + 1]?.offset ?? 0;
    const own = entries.filter(({ offset }) => offset >= start.offset && offset < end);
    const hook = hooks.get(start.offset);
    // The policy of a hook, and the return at the end of any other chain, are entries too.
    const rules = (hook === undefined ? own.slice(1) : own).slice(0, -1);
    return {
      table: tableName(table),
      chain: nameOf(start, hooks),
      ...(hook && { base: baseOf(table, HOOKS[hook.number] ?? "forward", policyOf(own.at(-1))) }),
      rules: rules.flatMap((rule) => translate(rule, table, names)),
    };
  });
}

function nameOf(start: LegacyEntry, hooks: Hooks): string {
  const hook = hooks.get(start.offset);
  return hook ? (HOOKS[hook.number] ?? "").toUpperCase() : decodeText(start.target.info);
}

function baseOf(
  table: LegacyTable,
  hook: ForeignHook,
  policy: "accept" | "drop",
): NonNullable<ForeignChain["base"]> {
  return { type: typeOf(table, hook), hook, priority: priorityOf(table, hook), policy };
}

/** @param entry the one that stands for the policy */
const policyOf = (entry: LegacyEntry | undefined): "accept" | "drop" =>
  entry !== undefined && VERDICTS[entry.verdict]?.kind === "drop" ? "drop" : "accept";

const typeOf = ({ table }: LegacyTable, hook: ForeignHook): string =>
  table === "nat" ? "nat" : table === "mangle" && hook === "output" ? "route" : "filter";

const priorityOf = ({ table }: LegacyTable, hook: ForeignHook): number =>
  table === "nat" ? NAT_PRIORITIES[hook] : (PRIORITIES[table] ?? 0);

function translate(
  entry: LegacyEntry,
  { family }: LegacyTable,
  chains: ReadonlyMap<number, string>,
): readonly ForeignRule[] {
  const matches = [...entry.tests, ...entry.extensions.map((one) => matchExtension(one, family))];
  const { text, verdict } = outcome(entry, chains);
  const words = [...formatMatches(matches), text].filter((word) => word !== "").join(" ");
  return combine(matches.map(({ alternatives }) => alternatives)).map((conditions) => ({
    text: words,
    conditions,
    verdict,
  }));
}

function outcome(entry: LegacyEntry, chains: ReadonlyMap<number, string>) {
  if (entry.target.name !== "") return targetVerdict(entry.target);
  const verdict = standardVerdict(entry, chains);
  return { text: formatForeignVerdict(verdict), verdict };
}

/** A place is a chain's first rule, or what follows anyway. */
function standardVerdict(
  { verdict, next, isGoto }: LegacyEntry,
  chains: ReadonlyMap<number, string>,
): ForeignVerdict {
  if (verdict < 0) return VERDICTS[verdict] ?? { kind: "unknown", text: `verdict ${verdict}` };
  if (verdict === next) return { kind: "continue" };
  const chain = chains.get(verdict);
  if (chain === undefined) return { kind: "unknown", text: "jump to nowhere" };
  return { kind: isGoto ? "goto" : "jump", chain };
}
