/** Boxes: what a rule matches, as one range in each of protocol, remote address, local port and remote port. Pure. */
import { type Family, familyBits, type Ip } from "../../../addr/ip.ts";
import { bounds, prefixFamily } from "../../../addr/prefix.ts";
import { type Acl, type AclAction, covers, inOrder } from "../../../policy/acl.ts";
import type { Cell } from "./acl-cell.ts";
import { firstCells, joined } from "./acl-cells.ts";

/** Both ends included. */
export interface Range<T> {
  readonly first: T;
  readonly last: T;
}

export interface Box {
  readonly protocol: Range<number>;
  readonly remote: Range<bigint>;
  readonly localPort: Range<number>;
  readonly remotePort: Range<number>;
}

const anyProtocol: Range<number> = { first: 0, last: 255 };
const anyPort: Range<number> = { first: 0, last: 65535 };

/** So many times more than are wanted may come up on the way: some are left out, some are joined. */
const spare = 4;

/**
 * The boxes in which the first rule that matches has this action. No two of them overlap, and neighbours are joined.
 *
 * @param most so many are taken. @returns undefined when there are more
 */
export function boxesWith(
  action: AclAction,
  rules: readonly Acl[],
  own: readonly Ip[],
  family: Family,
  most: number = Number.POSITIVE_INFINITY,
): readonly Box[] | undefined {
  const count = rules.reduce((sum, rule) => sum + countOf(rule, own, family), 0);
  if (count > spare * most) return undefined;
  const all = inOrder(rules).map((rule) => ({ rule, boxes: boxesOf(rule, own, family) }));
  const cuts = cutsOf(all.flatMap(({ boxes }) => boxes));
  const numbers = new Map(cuts.map((cut, i) => [cut, i]));
  const cells = all.flatMap(({ rule, boxes }) =>
    boxes.map((box) => ({ cell: toCell(box, numbers), wanted: rule.action === action })),
  );
  const first = firstCells(cells, spare * most);
  const whole = first && joined(first);
  return whole && whole.length <= most ? whole.map((cell) => toBox(cell, cuts)) : undefined;
}

/** What the rule matches of one family, in boxes that share nothing; none when it is not about that family. */
function boxesOf(rule: Acl, own: readonly Ip[], family: Family): readonly Box[] {
  const { protocols, remotes, localPorts, remotePorts } = rangesOf(rule, own, family);
  return protocols.flatMap((protocol) =>
    remotes.flatMap((remote) =>
      localPorts.flatMap((localPort) =>
        remotePorts.map((remotePort): Box => ({ protocol, remote, localPort, remotePort })),
      ),
    ),
  );
}

/** How many they are. */
function countOf(rule: Acl, own: readonly Ip[], family: Family): number {
  return Object.values(rangesOf(rule, own, family)).reduce((product, { length }) => product * length, 1);
}

/** Each with each makes a box. */
function rangesOf(rule: Acl, own: readonly Ip[], family: Family) {
  const everywhere: Range<bigint> = { first: 0n, last: (1n << BigInt(familyBits(family))) - 1n };
  const prefixes = rule.remoteAddresses.filter((prefix) => prefixFamily(prefix) === family);
  const anywhere = rule.remoteAddresses.length === 0 ? [everywhere] : [];
  return {
    protocols: orAny(
      rule.protocols.map((protocol) => ({ first: protocol, last: protocol })),
      anyProtocol,
    ),
    remotes: covers(rule, own, family) ? [...anywhere, ...merged(prefixes.map(bounds))] : [],
    localPorts: orAny(rule.localPorts, anyPort),
    remotePorts: orAny(rule.remotePorts, anyPort),
  };
}

const orAny = (some: readonly Range<number>[], any: Range<number>): readonly Range<number>[] =>
  some.length === 0 ? [any] : merged(some);

/** The same numbers in ranges that neither overlap nor touch. */
function merged<T extends number | bigint>(ranges: readonly Range<T>[]): readonly Range<T>[] {
  const sorted = ranges.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const whole: { first: T; last: T }[] = [];
  for (const { first, last } of sorted) {
    const open = whole.at(-1);
    if (open === undefined || !reaches(open.last, first)) whole.push({ first, last });
    else if (last > open.last) open.last = last;
  }
  return whole;
}

/** Whether `next` is at most one behind `last`. */
function reaches(last: number | bigint, next: number | bigint): boolean {
  return BigInt(next) <= BigInt(last) + 1n;
}

/** Where ranges of addresses begin, and where what is behind them does: between two of these all addresses are alike. */
function cutsOf(boxes: readonly Box[]): readonly bigint[] {
  const cuts = new Set(boxes.flatMap(({ remote }) => [remote.first, remote.last + 1n]));
  return [...cuts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** With the numbers of cuts in place of addresses of any length. */
function toCell(
  { protocol, remote, localPort, remotePort }: Box,
  numbers: ReadonlyMap<bigint, number>,
): Cell {
  return [
    protocol.first,
    protocol.last,
    numbers.get(remote.first) ?? 0,
    (numbers.get(remote.last + 1n) ?? 0) - 1,
    localPort.first,
    localPort.last,
    remotePort.first,
    remotePort.last,
  ];
}

function toBox([p0, p1, r0, r1, l0, l1, q0, q1]: Cell, cuts: readonly bigint[]): Box {
  return {
    protocol: { first: p0, last: p1 },
    remote: { first: cuts[r0] ?? 0n, last: (cuts[r1 + 1] ?? 0n) - 1n },
    localPort: { first: l0, last: l1 },
    remotePort: { first: q0, last: q1 },
  };
}
