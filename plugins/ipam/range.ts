/** A range of a pool: which addresses of a subnet may be given out. Pure. */
import { familyBits, type Ip, ipFamily, ipFromNumber, ipNumber } from "../../lib/addr/ip.ts";
import {
  bounds,
  contains,
  firstHost,
  lastHost,
  networkOf,
  type Prefix,
  prefixFamily,
  prefixLength,
} from "../../lib/addr/prefix.ts";
import { type IssueSink, report } from "../../lib/cni/read.ts";
import type { AddressInterval } from "../../lib/state/rows.ts";

/** As configured: addresses are checked, nothing else is. */
export interface RangeInput {
  readonly subnet: Prefix;
  readonly rangeStart?: Ip | undefined;
  readonly rangeEnd?: Ip | undefined;
  readonly gateway?: Ip | undefined;
}

export interface Range {
  readonly subnet: Prefix;
  readonly first: Ip;
  readonly last: Ip;
  /** Absent where the subnet has room for one address only and none was named. */
  readonly gateway: Ip | undefined;
  /** Network and broadcast address (IPv4, /30 and shorter): given to nobody. */
  readonly reserved: readonly Ip[];
}

/** @returns undefined when an issue was noted */
export function makeRange(input: RangeInput, path: string, issues: IssueSink): Range | undefined {
  const { subnet } = input;
  const network = networkOf(subnet);
  if (network !== subnet)
    return report(issues, `${path}.subnet`, `the network address, which is ${network}`, subnet);
  if (notForHosts(subnet)) return report(issues, `${path}.subnet`, "a subnet that hosts may have", subnet);
  const inside = (key: "rangeStart" | "rangeEnd" | "gateway"): Ip | undefined => {
    const address = input[key];
    if (address === undefined || contains(subnet, address)) return address;
    // A single address has no room for a gateway beside it, so that may be anywhere.
    if (key === "gateway" && isSingle(subnet) && ipFamily(address) === prefixFamily(subnet)) return address;
    return report(issues, `${path}.${key}`, `an address in ${subnet}`, address);
  };
  const first = inside("rangeStart") ?? firstHost(subnet);
  const last = inside("rangeEnd") ?? lastHost(subnet);
  const given = inside("gateway");
  if (ipNumber(first) > ipNumber(last))
    return report(issues, path, "rangeStart before rangeEnd", `${first} to ${last}`);
  const gateway = given ?? (isSingle(subnet) ? undefined : firstHost(subnet));
  return { subnet, first, last, gateway, reserved: reservedOf(subnet) };
}

/** What is left of the range without the addresses that are reserved, in order. */
export function usableIntervals(range: Range, reserved: Iterable<Ip>): readonly AddressInterval[] {
  const family = prefixFamily(range.subnet);
  const last = ipNumber(range.last);
  let next = ipNumber(range.first);
  const holes = [...reserved].filter((address) => ipFamily(address) === family).map(ipNumber);
  const intervals: AddressInterval[] = [];
  for (const hole of holes.toSorted((a, b) => (a < b ? -1 : 1))) {
    if (hole < next || hole > last) continue;
    if (hole > next) intervals.push(interval(family, next, hole - 1n));
    next = hole + 1n;
  }
  if (next <= last) intervals.push(interval(family, next, last));
  return intervals;
}

export function isWithin({ first, last }: AddressInterval, address: Ip): boolean {
  if (ipFamily(first) !== ipFamily(address)) return false;
  const value = ipNumber(address);
  return ipNumber(first) <= value && value <= ipNumber(last);
}

export function intervalsOverlap(a: AddressInterval, b: AddressInterval): boolean {
  if (ipFamily(a.first) !== ipFamily(b.first)) return false;
  return ipNumber(a.first) <= ipNumber(b.last) && ipNumber(b.first) <= ipNumber(a.last);
}

const interval = (family: 4 | 6, first: bigint, last: bigint): AddressInterval => ({
  first: ipFromNumber(family, first),
  last: ipFromNumber(family, last),
});

const isSingle = (subnet: Prefix): boolean => prefixLength(subnet) === familyBits(prefixFamily(subnet));

/** RFC 3021 gives both addresses of a /31 to hosts; IPv6 has no broadcast, its first is the anycast of routers. */
function reservedOf(subnet: Prefix): readonly Ip[] {
  const family = prefixFamily(subnet);
  const { first, last } = bounds(subnet);
  if (last - first < 2n) return [];
  return family === 4 ? [ipFromNumber(4, first), ipFromNumber(4, last)] : [ipFromNumber(6, first)];
}

/** Loopback, multicast, "this network". */
function notForHosts(subnet: Prefix): boolean {
  const first = bounds(subnet).first;
  if (prefixFamily(subnet) === 4) {
    const byte = first >> 24n;
    return byte === 0n || byte === 127n || (byte >= 224n && byte < 240n);
  }
  return first <= 1n || first >> 120n === 0xffn;
}
