/** Lookups in sets and maps: "ip saddr @friends", "tcp dport { 80, 443 }", "ct state vmap { established : accept }". */

import type { ForeignCondition, ForeignVerdict } from "../../model/foreign.ts";
import { align4 } from "../../netlink/bytes.ts";
import { wholeField } from "./compare-header.ts";
import { fieldMatch, impliedBy } from "./field-match.ts";
import { formatHeader } from "./hex.ts";
import { combine, type Match, unknownMatch } from "./match.ts";
import type { ForeignElement, ForeignSet } from "./read-set.ts";
import type { ByteRange, Known, KnownField, Value } from "./value.ts";
import { toVerdict } from "./verdict.ts";
import { formatList, formatRange } from "./words.ts";

/** Elements of sets with several fields, or with a verdict each, become a rule each: so many and no more. */
const MOST_RULES = 1024;

const HOST_ORDER: readonly KnownField[] = ["iif", "oif", "state", "status"];

interface KeyField {
  readonly field: KnownField;
  readonly text: string;
  /** Bytes from the beginning of the key. */
  readonly offset: number;
  readonly length: number;
}

/** @param values what the key is made of; undefined when it could not be told */
export function lookUp(
  set: ForeignSet | undefined,
  name: string,
  values: readonly Value[] | undefined,
  negated: boolean,
  known: Known,
): Match {
  const fields = keyFields(set, values, known);
  const words = formatKey(values, known);
  const sign = negated ? "!= " : "";
  const target = set?.anonymous && set.elements ? formatElements(fields, set.elements) : `@${name}`;
  const unknown = unknownMatch(`${words} ${sign}${target}`, implications(fields));
  if (set?.elements === undefined || fields === undefined) return unknown;
  if (set.elements.some(({ key }) => key === undefined)) return unknown;
  const ranges = set.elements.flatMap(({ key }) => (key === undefined ? [] : [key]));
  const [only, ...more] = fields;
  if (only !== undefined && more.length === 0) {
    return fieldMatch(only.field, only.text, ranges, negated, known, target);
  }
  if (negated || ranges.length > MOST_RULES) return unknown;
  const alternatives = ranges.map((range) => keyConditions(fields, range, known));
  return alternatives.some((one) => one === undefined)
    ? unknown
    : { ...unknown, alternatives: alternatives.flatMap((one) => one ?? []) };
}

export interface Branch {
  readonly conditions: readonly ForeignCondition[];
  readonly verdict: ForeignVerdict;
}

export interface VerdictMap {
  readonly text: string;
  readonly implies: readonly ("family" | "protocol")[];
  /** In the order in which they are to be tried; undefined when they are not known. */
  readonly branches: readonly Branch[] | undefined;
}

/** A map of verdicts: at most one of its elements applies. */
export function mapVerdict(
  set: ForeignSet | undefined,
  name: string,
  values: readonly Value[] | undefined,
  known: Known,
): VerdictMap {
  const fields = keyFields(set, values, known);
  const elements = set?.elements;
  const target = set?.anonymous && elements ? formatElements(fields, elements) : `@${name}`;
  const text = `${formatKey(values, known)} vmap ${target}`;
  const implies = implications(fields);
  if (elements === undefined || fields === undefined || elements.length > MOST_RULES) {
    return { text, implies, branches: undefined };
  }
  const branches: Branch[] = [];
  for (const { key, data } of elements) {
    const lists = key === undefined ? [[]] : keyConditions(fields, key, known);
    if (lists === undefined) return { text, implies, branches: undefined };
    const verdict = toVerdict(data);
    branches.push(...lists.map((conditions) => ({ conditions, verdict })));
  }
  return { text, implies, branches };
}

const implications = (fields: readonly KeyField[] | undefined): NonNullable<Match["implies"]> =>
  (fields ?? []).flatMap(({ field, text }) => impliedBy(field, text));

/** The conditions under which the packet's key lies in this range, field by field. */
function keyConditions(
  fields: readonly KeyField[],
  range: ByteRange,
  known: Known,
): Match["alternatives"] | undefined {
  const each = fields.map(({ field, text, offset, length }) =>
    fieldMatch(field, text, [slice(range, offset, length)], false, known),
  );
  const vague = each.some(({ alternatives }) =>
    alternatives.some((list) => list.some(({ kind }) => kind === "unknown")),
  );
  return vague ? undefined : combine(each.map(({ alternatives }) => alternatives));
}

/** Undefined when some part of the key is no field we know. */
function keyFields(
  set: ForeignSet | undefined,
  values: readonly Value[] | undefined,
  known: Known,
): readonly KeyField[] | undefined {
  const fields: KeyField[] = [];
  let offset = 0;
  for (const value of values ?? []) {
    const { source, length, mask } = value;
    const field = source.kind === "field" ? source : wholeField(value, known);
    if (field === undefined || mask) return undefined;
    // Ranges are kept in network order, whatever the order of the register.
    if (set?.interval && HOST_ORDER.includes(field.field)) return undefined;
    fields.push({ field: field.field, text: field.text, offset, length });
    offset += align4(length);
  }
  return fields.length > 0 ? fields : undefined;
}

function formatKey(values: readonly Value[] | undefined, known: Known): string {
  const words = (values ?? []).map((value) => wholeField(value, known)?.text ?? formatHeader(value));
  return words.length > 0 ? words.join(" . ") : "a key";
}

function formatElements(
  fields: readonly KeyField[] | undefined,
  elements: readonly ForeignElement[],
): string {
  if (fields === undefined) return `{ ${elements.length} elements }`;
  const words = elements.map(({ key, data }) => {
    const parts = fields.map(({ field, offset, length }) =>
      key === undefined ? "*" : formatRange(field, slice(key, offset, length)),
    );
    const verdict = data === undefined || data instanceof Uint8Array ? "" : ` : ${formatDatum(data)}`;
    return `${key === undefined ? "*" : parts.join(" . ")}${verdict}`;
  });
  return formatList(words);
}

function formatDatum(data: NonNullable<ForeignElement["data"]>): string {
  const verdict = toVerdict(data);
  if (verdict.kind === "unknown") return verdict.text;
  return "chain" in verdict ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}

const slice = ({ first, last }: ByteRange, offset: number, length: number): ByteRange => ({
  first: first.subarray(offset, offset + length),
  last: last.subarray(offset, offset + length),
});
