/** Boxes: what a rule matches, as one range in each of protocol, remote address, local port and remote port. Pure. */
import { type Family, familyBits, type Ip } from "../../../addr/ip.ts";
import { bounds, prefixFamily } from "../../../addr/prefix.ts";
import { type Acl, covers } from "../../../policy/acl.ts";

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

/** What the rule matches of one family, in boxes that share nothing; none when it is not about that family. */
export function boxesOf(rule: Acl, own: readonly Ip[], family: Family): readonly Box[] {
  if (!covers(rule, own, family)) return [];
  const everywhere: Range<bigint> = { first: 0n, last: (1n << BigInt(familyBits(family))) - 1n };
  const prefixes = rule.remoteAddresses.filter((prefix) => prefixFamily(prefix) === family);
  if (rule.remoteAddresses.length > 0 && prefixes.length === 0) return [];
  const protocols = rule.protocols.map((protocol) => ({ first: protocol, last: protocol }));
  const remotes = prefixes.length === 0 ? [everywhere] : merged(prefixes.map(bounds));
  return (protocols.length === 0 ? [anyProtocol] : merged(protocols)).flatMap((protocol) =>
    remotes.flatMap((remote) =>
      orAny(rule.localPorts).flatMap((localPort) =>
        orAny(rule.remotePorts).map((remotePort): Box => ({ protocol, remote, localPort, remotePort })),
      ),
    ),
  );
}

const orAny = (ports: readonly Range<number>[]): readonly Range<number>[] =>
  ports.length === 0 ? [anyPort] : merged(ports);

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

/**
 * What of a box is outside of another: at most two pieces for each dimension.
 *
 * By protocol first: a piece that is about several protocols then never says anything about ports, which not all of
 * them have.
 */
export function subtract(box: Box, taken: Box): readonly Box[] {
  if (!meets(box, taken)) return [box];
  const pieces: Box[] = [];
  let rest = box;
  for (const protocol of outside(rest.protocol, taken.protocol, 1)) pieces.push({ ...rest, protocol });
  rest = { ...rest, protocol: inside(rest.protocol, taken.protocol) };
  for (const remote of outside(rest.remote, taken.remote, 1n)) pieces.push({ ...rest, remote });
  rest = { ...rest, remote: inside(rest.remote, taken.remote) };
  for (const localPort of outside(rest.localPort, taken.localPort, 1)) pieces.push({ ...rest, localPort });
  rest = { ...rest, localPort: inside(rest.localPort, taken.localPort) };
  for (const remotePort of outside(rest.remotePort, taken.remotePort, 1))
    pieces.push({ ...rest, remotePort });
  return pieces;
}

function meets(a: Box, b: Box): boolean {
  return (
    a.protocol.first <= b.protocol.last &&
    b.protocol.first <= a.protocol.last &&
    a.remote.first <= b.remote.last &&
    b.remote.first <= a.remote.last &&
    a.localPort.first <= b.localPort.last &&
    b.localPort.first <= a.localPort.last &&
    a.remotePort.first <= b.remotePort.last &&
    b.remotePort.first <= a.remotePort.last
  );
}

/** The parts of one range before and behind another. @param one the step from a number to the next */
function outside<T extends number | bigint>(range: Range<T>, taken: Range<T>, one: T): readonly Range<T>[] {
  const parts: Range<T>[] = [];
  if (range.first < taken.first) parts.push({ first: range.first, last: minus(taken.first, one) });
  if (range.last > taken.last) parts.push({ first: plus(taken.last, one), last: range.last });
  return parts;
}

function inside<T extends number | bigint>(a: Range<T>, b: Range<T>): Range<T> {
  const [later, earlier] = a.first > b.first ? [a, b] : [b, a];
  return earlier.last < later.last ? { first: later.first, last: earlier.last } : later;
}

const plus = <T extends number | bigint>(a: T, b: T): T => ((a as number) + (b as number)) as T;
const minus = <T extends number | bigint>(a: T, b: T): T => ((a as number) - (b as number)) as T;
