/** A field of the packet within ranges of values, as conditions of lib/model/foreign.ts. */

import type { ForeignCondition } from "../../model/foreign.ts";
import { NFPROTO } from "../../netlink/nft/message.ts";
import { bytesNumber, hostNumber, rangePrefixes } from "./byte-range.ts";
import type { ByteRange, Known, KnownField } from "./value.ts";
import { interfacePattern, stateNames } from "./words.ts";

/** One of these lists must hold, each as a whole. None: never. An empty list: always. */
export type Alternatives = readonly (readonly ForeignCondition[])[];

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;

/** @returns undefined where the model has no words for it */
export function fieldConditions(
  field: KnownField,
  ranges: readonly ByteRange[],
  negated: boolean,
  known: Known,
): Alternatives | undefined {
  const single = listCondition(field, ranges);
  if (single !== undefined) return [[sign(single, negated)]];
  const conditions: ForeignCondition[] = [];
  for (const range of ranges) {
    const condition = rangeCondition(field, range, known);
    if (condition === undefined) return undefined;
    if (condition !== "never") conditions.push(condition);
  }
  return anyOf(conditions, negated);
}

/** @param conditions of which one must hold, or with `negated` none may */
export function anyOf(conditions: readonly ForeignCondition[], negated: boolean): Alternatives {
  if (negated) return [conditions.map((condition) => sign(condition, true))];
  return conditions.map((condition) => [condition]);
}

function sign(condition: ForeignCondition, negated: boolean): ForeignCondition {
  return negated ? { ...condition, negated: true } : condition;
}

/** Fields of which one condition takes any number of values. */
function listCondition(field: KnownField, ranges: readonly ByteRange[]): ForeignCondition | undefined {
  switch (field) {
    case "saddr":
      return { kind: "source", prefixes: ranges.flatMap(rangePrefixes) };
    case "daddr":
      return { kind: "destination", prefixes: ranges.flatMap(rangePrefixes) };
    case "sport":
      return { kind: "sourcePort", ranges: ranges.map(numbers) };
    case "dport":
      return { kind: "destinationPort", ranges: ranges.map(numbers) };
    case "l4proto":
      return ranges.every(isByte) ? { kind: "protocol", protocols: ranges.flatMap(everyNumber) } : undefined;
    case "icmpType":
      return ranges.every(isByte) ? { kind: "icmpType", types: ranges.flatMap(everyNumber) } : undefined;
    case "state": {
      const states = ranges.map((range) => (isExact(range) ? stateNames(hostNumber(range.first) ?? 0) : []));
      return states.every((names) => names.length === 1)
        ? { kind: "state", states: states.flat() }
        : undefined;
    }
    default:
      return undefined;
  }
}

function rangeCondition(
  field: KnownField,
  range: ByteRange,
  { interfaces }: Known,
): ForeignCondition | "never" | undefined {
  switch (field) {
    case "iifname":
    case "oifname": {
      const name = interfacePattern(range);
      return name === undefined ? undefined : { kind: directions[field], interface: name };
    }
    case "iif":
    case "oif": {
      const index = isExact(range) ? hostNumber(range.first) : undefined;
      const name = index === undefined ? undefined : interfaces.get(index);
      return name === undefined ? undefined : { kind: directions[field], interface: name };
    }
    case "nfproto":
      return familyCondition(range, NFPROTO.ip, NFPROTO.ip6);
    case "etherType":
      return familyCondition(range, ETH_P_IP, ETH_P_IPV6);
    default:
      return undefined;
  }
}

const directions = { iifname: "in", iif: "in", oifname: "out", oif: "out" } as const;

function familyCondition(range: ByteRange, ip: number, ip6: number): ForeignCondition | "never" | undefined {
  if (!isExact(range)) return undefined;
  const value = Number(bytesNumber(range.first));
  if (value !== ip && value !== ip6) return "never";
  return { kind: "family", family: value === ip ? 4 : 6 };
}

export const isExact = ({ first, last }: ByteRange): boolean => bytesNumber(first) === bytesNumber(last);

const numbers = ({ first, last }: ByteRange) => ({
  first: Number(bytesNumber(first)),
  last: Number(bytesNumber(last)),
});

/** A rule may compare more bytes than the field has: of four there are more numbers than memory holds. */
const isByte = ({ first }: ByteRange): boolean => first.length === 1;

function everyNumber(range: ByteRange): readonly number[] {
  const { first, last } = numbers(range);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
