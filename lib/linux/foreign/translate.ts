/** A rule of nftables as rules of lib/model/foreign.ts: what its expressions ask of a packet, and what follows. */
import type { ForeignCondition, ForeignRule } from "../../model/foreign.ts";
import { decodeAttrs } from "../../netlink/attr.ts";
import { decodeByteorder } from "../../netlink/nft/expr/byteorder.ts";
import { decodeCompat } from "../../netlink/nft/expr/compat.ts";
import type { Expression } from "../../netlink/nft/expr/expression.ts";
import { decodeRangeExpression } from "../../netlink/nft/expr/range.ts";
import { NFT_REG_VERDICT } from "../../netlink/nft/expr/register.ts";
import type { RuleInfo } from "../../netlink/nft/rule.ts";
import { compare, within } from "./compare.ts";
import { loadedValue, maskedValue, swappedValue, writtenField } from "./load.ts";
import { type Branch, lookUp, mapVerdict } from "./lookup.ts";
import { combine, formatMatches, type Match, unknownMatch } from "./match.ts";
import { otherExpression } from "./other-expression.ts";
import type { ForeignSet } from "./read-set.ts";
import { createRegisters, type Registers } from "./registers.ts";
import { type Known, otherValue, type Value } from "./value.ts";
import { formatForeignVerdict, toVerdict } from "./verdict.ts";
import { matchExtension } from "./xt-match.ts";
import { targetVerdict } from "./xt-target.ts";

/** A rule with more ways to match than this is a test that nobody can judge. */
const MOST_RULES = 1024;

interface Run {
  readonly registers: Registers;
  readonly sets: ReadonlyMap<string, ForeignSet>;
  known: Known;
  readonly matches: Match[];
  /** Absent: the packet goes on. */
  branches?: readonly Branch[];
  /** What is done besides the verdict, and the verdict. */
  readonly deeds: string[];
  /** The comparison before was "at least this". */
  low?: { readonly value: Value; readonly bytes: Uint8Array; readonly match: Match };
}

/** @param sets of the rule's table, by name. @param known by the family of the table */
export function translateRule(
  rule: RuleInfo,
  sets: ReadonlyMap<string, ForeignSet>,
  known: Known,
): readonly ForeignRule[] {
  const run: Run = { registers: createRegisters(), sets, known, matches: [], deeds: [] };
  for (const expression of rule.expressions) {
    step(run, expression);
    if (run.branches !== undefined) break;
  }
  const note = rule.comment === undefined ? [] : [`comment "${rule.comment}"`];
  const text = [...formatMatches(run.matches), ...run.deeds, ...note].join(" ");
  return listConditions(run.matches).flatMap((conditions) =>
    (run.branches ?? [GOES_ON]).map((branch) => ({
      text,
      conditions: [...conditions, ...branch.conditions],
      verdict: branch.verdict,
    })),
  );
}

const GOES_ON: Branch = { conditions: [], verdict: { kind: "continue" } };

function listConditions(matches: readonly Match[]): readonly (readonly ForeignCondition[])[] {
  const ways = matches.reduce((product, { alternatives }) => product * alternatives.length, 1);
  if (ways <= MOST_RULES) return combine(matches.map(({ alternatives }) => alternatives));
  return combine(
    matches.map(({ text, alternatives }) =>
      alternatives.length > 1 ? unknownMatch(text).alternatives : alternatives,
    ),
  );
}

function add(run: Run, match: Match): void {
  run.matches.push(match);
  run.known = { ...run.known, ...match.learned };
}

function decide(run: Run, text: string, branches: readonly Branch[]): void {
  run.deeds.push(text);
  run.branches = branches;
}

function step(run: Run, expression: Expression): void {
  const { registers } = run;
  switch (expression.kind) {
    case "meta":
    case "ct":
    case "payload":
    case "fib": {
      const value = loadedValue(expression);
      const written = writtenField(expression);
      if (value) registers.load(expression.register, value);
      if (written) run.deeds.push(`${written} set`);
      return;
    }
    case "bitwise":
      registers.load(expression.target, maskedValue(registers.read(expression.source), expression));
      return;
    case "cmp":
      compareStep(run, expression);
      return;
    case "lookup":
      look(run, expression);
      return;
    case "immediate":
      if (expression.register === NFT_REG_VERDICT) {
        const verdict = toVerdict(expression.data);
        decide(run, formatForeignVerdict(verdict), [{ conditions: [], verdict }]);
      } else registers.load(expression.register, otherValue("a value"));
      return;
    case "nat":
      run.deeds.push(expression.type);
      return;
    case "masq":
      run.deeds.push("masquerade");
      return;
    case "notrack":
      run.deeds.push("notrack");
      return;
    case "dynset":
      run.deeds.push(`${expression.op} @${expression.set}`);
      return;
    case "exthdr":
      registers.load(expression.register, otherValue(`exthdr ${expression.header}`, expression.length));
      return;
    case "counter":
      return;
    case "unknown":
      unknown(run, expression);
      return;
    default:
      // A kind that was added to the union and not here would be passed over.
      expression satisfies never;
  }
}

/** Before it had "range", nft wrote ranges as two comparisons. */
function compareStep(run: Run, { register, op, value: bytes }: Extract<Expression, { kind: "cmp" }>): void {
  const { known, matches, low } = run;
  const value = run.registers.read(register);
  delete run.low;
  if (op === "lte" && low !== undefined && low.value === value && low.match === matches.at(-1)) {
    matches.pop();
    add(run, within(value, { first: low.bytes, last: bytes }, false, known));
    return;
  }
  const match = compare(value, op, bytes, known);
  if (op === "gte") run.low = { value, bytes, match };
  add(run, match);
}

function look(
  run: Run,
  { set: name, register, target, inverse }: Extract<Expression, { kind: "lookup" }>,
): void {
  const { registers, known } = run;
  const set = run.sets.get(name);
  const key = set && registers.readKey(register, set.keyLength);
  if (target !== NFT_REG_VERDICT || set?.holds === "data") {
    add(run, lookUp(set, name, key, inverse === true, known));
    if (target !== undefined) registers.load(target, otherValue(`@${name}`));
    return;
  }
  const { text, implies, branches } = mapVerdict(set, name, key, known);
  add(run, { text, alternatives: [[]], implies });
  run.branches = branches ?? [{ conditions: [], verdict: { kind: "unknown", text } }];
}

function unknown(run: Run, { name, bytes }: Extract<Expression, { kind: "unknown" }>): void {
  try {
    if (extension(run, name, bytes)) return;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const other = otherExpression(name, bytes);
  if (other.kind === "loads") run.registers.forget(other.text);
  if (other.kind === "tests") add(run, unknownMatch(other.text));
  if (other.kind === "does" && other.text !== "") run.deeds.push(other.text);
  if (other.kind === "decides") decide(run, other.text, [{ conditions: [], verdict: other.verdict }]);
}

/** @returns whether it was one of these. @throws {RangeError} when its bytes have another form */
function extension(run: Run, name: string, bytes: Uint8Array): boolean {
  if (name === "byteorder") {
    const { source, target, length } = decodeByteorder(decodeAttrs(bytes));
    run.registers.load(target, swappedValue(run.registers.read(source), length));
  } else if (name === "range") {
    const { register, first, last, negated } = decodeRangeExpression(decodeAttrs(bytes));
    add(run, within(run.registers.read(register), { first, last }, negated, run.known));
  } else if (name === "match") {
    add(run, matchExtension(decodeCompat(decodeAttrs(bytes)), run.known.family));
  } else if (name === "target") {
    const { text, verdict } = targetVerdict(decodeCompat(decodeAttrs(bytes)));
    if (verdict.kind === "continue") run.deeds.push(text);
    else decide(run, text, [{ conditions: [], verdict }]);
  } else return false;
  return true;
}
