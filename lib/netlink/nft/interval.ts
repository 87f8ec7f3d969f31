/**
 * Ranges in sets with a key of one field: the kernel keeps two elements, the first key of the range and, marked
 * as an end, the first key behind it. A range up to the last possible key has no end.
 */
import type { Element } from "./element.ts";
import type { FieldRange } from "./field-range.ts";

/** @param rest what the first of the two elements bears: data, comment */
export function splitInterval(
  range: FieldRange,
  rest: Pick<Element, "data" | "comment">,
): readonly Element[] {
  const end = successor(range.last);
  if (end === undefined) return [{ key: range.first, ...rest, openEnd: true }];
  return [
    { key: range.first, ...rest },
    { key: end, intervalEnd: true },
  ];
}

export interface Interval {
  readonly range: FieldRange;
  /** The element that bears data and comment. */
  readonly start: Element;
}

/** Puts the ranges together again. @param elements in any order; ends without a start are left out */
export function joinIntervals(elements: readonly Element[]): readonly Interval[] {
  const sorted = [...elements].sort(byKey);
  return sorted.flatMap((start, i) => {
    if (start.intervalEnd) return [];
    const next = sorted[i + 1];
    return [{ start, range: { first: start.key, last: next ? predecessor(next.key) : lastKey(start.key) } }];
  });
}

/** An end comes before a start with the same key: the one range ends where the other begins. */
function byKey(a: Element, b: Element): number {
  for (let i = 0; i < a.key.length; i++) {
    const difference = (a.key[i] ?? 0) - (b.key[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(b.intervalEnd ?? false) - Number(a.intervalEnd ?? false);
}

/** The next number of as many bytes in network order, or undefined behind the last one. */
function successor(key: Uint8Array): Uint8Array | undefined {
  const next = Uint8Array.from(key);
  for (let i = next.length - 1; i >= 0; i--) {
    next[i] = (next[i] ?? 0) + 1;
    if (next[i] !== 0) return next;
  }
  return undefined;
}

function predecessor(key: Uint8Array): Uint8Array {
  const previous = Uint8Array.from(key);
  for (let i = previous.length - 1; i >= 0; i--) {
    previous[i] = (previous[i] ?? 0) - 1;
    if (previous[i] !== 0xff) break;
  }
  return previous;
}

function lastKey(key: Uint8Array): Uint8Array {
  return new Uint8Array(key.length).fill(0xff);
}
