/** One chain of another program: every way in which it may end for a packet. */
import type { ForeignChain, ForeignRule } from "../foreign.ts";
import { holdsAll, type RuleView } from "./foreign-condition.ts";

/** The rule that decided, or (without `rule`) the policy of the chain. */
export interface Who {
  /** Family and table. */
  readonly table: string;
  readonly chain: string;
  readonly rule?: string;
}

/** Where it is not sure which rules apply, several are possible. */
export interface Ends {
  readonly accepts: boolean;
  /** The first that drops, or may. */
  readonly drops?: Who;
  /** It comes to its end, or returns: the caller goes on. */
  readonly falls: boolean;
}

type Table = ReadonlyMap<string, ForeignChain>;

/** @param table all chains of the table by name */
export function runChain(chain: ForeignChain, table: Table, view: RuleView): Ends {
  return run(chain, { table, view, done: new Map(), running: new Set() });
}

interface Run {
  readonly table: Table;
  readonly view: RuleView;
  /** A chain always ends in the same way for one packet, wherever it is called. */
  readonly done: Map<string, Ends>;
  readonly running: Set<string>;
}

function run(chain: ForeignChain, context: Run): Ends {
  const known = context.done.get(chain.chain);
  if (known !== undefined) return known;
  // The kernel refuses rules that jump in circles.
  if (context.running.has(chain.chain)) return anything(chain, undefined);
  context.running.add(chain.chain);
  const ends = runRules(chain, context);
  context.running.delete(chain.chain);
  context.done.set(chain.chain, ends);
  return ends;
}

function runRules(chain: ForeignChain, context: Run): Ends {
  let ends: Ends = { accepts: false, falls: false };
  for (const rule of chain.rules) {
    const holds = holdsAll(rule.conditions, context.view);
    if (holds === "no") continue;
    const { goesOn, ...outcome } = apply(chain, rule, context);
    ends = either(ends, outcome);
    if (holds === "yes" && !goesOn) return ends;
  }
  return { ...ends, falls: true };
}

/** @returns how the chain may end by this rule, and whether the packet may come to the next one */
function apply(chain: ForeignChain, rule: ForeignRule, context: Run): Ends & { readonly goesOn: boolean } {
  const { verdict } = rule;
  const none = { accepts: false, falls: false };
  switch (verdict.kind) {
    case "accept":
      return { ...none, accepts: true, goesOn: false };
    case "drop":
      return { ...none, drops: whoIs(chain, rule), goesOn: false };
    case "return":
      return { ...none, falls: true, goesOn: false };
    case "continue":
      return { ...none, goesOn: true };
    case "unknown":
      return { ...anything(chain, rule), falls: false, goesOn: true };
    case "jump":
    case "goto": {
      const target = context.table.get(verdict.chain);
      const ends = target ? run(target, context) : anything(chain, rule);
      // What falls out of a chain that was gone to does not come back here.
      const comesBack = verdict.kind === "jump" && ends.falls;
      return { ...ends, falls: verdict.kind === "goto" && ends.falls, goesOn: comesBack };
    }
  }
}

const whoIs = ({ table, chain }: ForeignChain, rule: ForeignRule | undefined): Who => ({
  table,
  chain,
  ...(rule && { rule: rule.text }),
});

const anything = (chain: ForeignChain, rule: ForeignRule | undefined): Ends => ({
  accepts: true,
  drops: whoIs(chain, rule),
  falls: true,
});

function either(a: Ends, b: Ends): Ends {
  const drops = a.drops ?? b.drops;
  return {
    accepts: a.accepts || b.accepts,
    falls: a.falls || b.falls,
    ...(drops && { drops }),
  };
}
