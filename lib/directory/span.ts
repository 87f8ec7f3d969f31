/** Prefixes as the numbers of their first and last address: to compare thousands without reading their text again. */
import { type Family, type Ip, ipFamily, ipNumber } from "../addr/ip.ts";
import { bounds, type Prefix, prefixFamily } from "../addr/prefix.ts";

export interface Span {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

export const spanOf = (prefix: Prefix): Span => ({ family: prefixFamily(prefix), ...bounds(prefix) });

export const spanOfAddress = (address: Ip): Span => {
  const number = ipNumber(address);
  return { family: ipFamily(address), first: number, last: number };
};

export const isWithin = (inner: Span, outer: Span): boolean =>
  inner.family === outer.family && outer.first <= inner.first && inner.last <= outer.last;

export const isOverlapping = (a: Span, b: Span): boolean =>
  a.family === b.family && a.first <= b.last && b.first <= a.last;

/** IPv4 first, then by the first address; of those that begin alike the longer one. */
export function compareSpans(a: Span, b: Span): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.last === b.last ? 0 : a.last > b.last ? -1 : 1;
}
