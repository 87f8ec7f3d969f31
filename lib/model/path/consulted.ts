/**
 * Fields consulted: which fields of a packet decided about it, and how much of each.
 *
 * Like the megaflow of Open vSwitch: addresses as the prefix within which every test would have come out the same,
 * numbers as the range.
 */
import { familyBits, type Ip, ipFamily, ipNumber } from "../../addr/ip.ts";
import {
  bounds,
  contains,
  networkOf,
  type Prefix,
  prefixFamily,
  prefixLength,
  prefixOf,
} from "../../addr/prefix.ts";
import type { PortRange } from "../../policy/acl.ts";
import type { Packet } from "../../policy/packet.ts";

type FieldOf<P> = P extends Packet ? keyof P : never;

/** Of the packet as it set out, and `state`, that of its connection. */
export type FieldName = FieldOf<Packet> | "state";

/** Outer headers first. A new field of a packet has its place here. */
const fields: Readonly<Record<FieldName, true>> = {
  kind: true,
  state: true,
  sourceMac: true,
  destinationMac: true,
  etherType: true,
  snap: true,
  operation: true,
  senderMac: true,
  senderIp: true,
  targetIp: true,
  source: true,
  destination: true,
  protocol: true,
  sourcePort: true,
  destinationPort: true,
  opens: true,
  icmpType: true,
  target: true,
  about: true,
  fragment: true,
  bytes: true,
  ttl: true,
};

export const fieldNames = Object.keys(fields) as readonly FieldName[];

export type Consulted = { readonly field: FieldName } & Cell;

/** The values that would have fared the same. */
export type Cell =
  | { readonly kind: "value"; readonly value: string | number | boolean | undefined }
  | { readonly kind: "prefix"; readonly prefix: Prefix }
  /** Absent ends are open. */
  | { readonly kind: "range"; readonly first?: number; readonly last?: number };

export type ConsultedFields = ReadonlyMap<FieldName, Cell>;

/** All addresses that lie in exactly those of the prefixes that the address lies in. */
export function addressCell(address: Ip, prefixes: readonly Prefix[]): Cell {
  const family = ipFamily(address);
  const value = ipNumber(address);
  let length = 0;
  for (const prefix of prefixes) {
    if (prefixFamily(prefix) !== family) continue;
    const inside = contains(prefix, address);
    length = Math.max(length, inside ? prefixLength(prefix) : commonBits(value, prefix) + 1);
  }
  return { kind: "prefix", prefix: networkOf(prefixOf(address, length)) };
}

/** All numbers that lie in exactly those of the ranges that the number lies in. */
export function rangeCell(value: number, ranges: readonly Partial<PortRange>[]): Cell {
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  for (const { first = Number.NEGATIVE_INFINITY, last = Number.POSITIVE_INFINITY } of ranges) {
    if (value < first) high = Math.min(high, first - 1);
    else if (value > last) low = Math.max(low, last + 1);
    else {
      low = Math.max(low, first);
      high = Math.min(high, last);
    }
  }
  return {
    kind: "range",
    ...(Number.isFinite(low) ? { first: low } : {}),
    ...(Number.isFinite(high) ? { last: high } : {}),
  };
}

export const valueCell = (value: string | number | boolean | undefined): Cell => ({ kind: "value", value });

/** What both leave open. Both hold the packet's own value. */
export function narrow(a: Cell | undefined, b: Cell): Cell {
  if (a === undefined || b.kind === "value") return b;
  if (a.kind === "prefix" && b.kind === "prefix")
    return prefixLength(a.prefix) >= prefixLength(b.prefix) ? a : b;
  if (a.kind === "range" && b.kind === "range") {
    const first = highest(a.first, b.first);
    const last = lowest(a.last, b.last);
    return {
      kind: "range",
      ...(first === undefined ? {} : { first }),
      ...(last === undefined ? {} : { last }),
    };
  }
  return a;
}

/** Whether a cell says anything at all. */
export const isOpen = (cell: Cell): boolean =>
  cell.kind === "range" && cell.first === undefined && cell.last === undefined;

const highest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);

const lowest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

/** How many leading bits an address outside of a prefix shares with it. */
function commonBits(value: bigint, prefix: Prefix): number {
  let difference = value ^ bounds(prefix).first;
  let length: number = familyBits(prefixFamily(prefix));
  for (; difference > 0n; difference >>= 1n) length--;
  return length;
}
