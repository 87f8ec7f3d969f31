/** Which of its addresses a host sends from, and which one masquerading takes: the kernel's choice. */
import { familyBits, type Ip, ipFamily, ipNumber, isLoopback } from "../../addr/ip.ts";
import { contains, type Prefix, prefixAddress, prefixFamily, prefixLength } from "../../addr/prefix.ts";
import type { Scene, SceneInterface } from "../scene.ts";
import { addressCell, type Cell, narrow, valueCell } from "./consulted.ts";
import { isLinkLocal6, isMulticast, linkLocal6, loopbacks, multicast } from "./groups.ts";

export interface SourceChoice {
  /** Absent: the link has no address of the family. */
  readonly source?: Ip;
  /** How much of the destination decided. */
  readonly cell?: Cell;
}

/**
 * @param addresses of the link by which the packet leaves, in their order
 * @param nextHop the neighbour it is given to: the gateway, or the destination itself
 */
export function chooseSource(addresses: readonly Prefix[], destination: Ip, nextHop: Ip): SourceChoice {
  const family = ipFamily(destination);
  const own = addresses.filter((address) => prefixFamily(address) === family);
  const [first] = own;
  if (first === undefined) return {};
  if (family === 6) return chooseSource6(own, destination);
  if (own.length === 1) return { source: prefixAddress(first) };
  // inet_select_addr: one in the next hop's subnet, else the first.
  const near = own.find((address) => contains(address, nextHop)) ?? first;
  return {
    source: prefixAddress(near),
    ...(nextHop === destination ? { cell: addressCell(destination, own) } : {}),
  };
}

/** Of the host: from the link by which it leaves, else from any that reaches as far. */
export function hostSource(scene: Scene, out: string, destination: Ip, nextHop: Ip): SourceChoice {
  const reachesOut = (address: Prefix): boolean => {
    const own = prefixAddress(address);
    return !isLoopback(own) && (!isLinkLocal6(own) || isLinkLocal6(destination) || isMulticast(destination));
  };
  const { interfaces } = scene.host;
  const of = (links: readonly SceneInterface[]): readonly Prefix[] =>
    links.flatMap(({ addresses }) => addresses).filter(reachesOut);
  const choice = chooseSource(of(interfaces.filter(({ name }) => name === out)), destination, nextHop);
  if (choice.source !== undefined) return withScope(choice, destination);
  return withScope(chooseSource(of(interfaces), destination, nextHop), destination);
}

/** Whether addresses of the link alone count depends on the destination. */
function withScope({ source, cell }: SourceChoice, destination: Ip): SourceChoice {
  const scope = addressCell(destination, ownScope);
  return { ...(source === undefined ? {} : { source }), cell: narrow(cell, scope) };
}

/** Where only one address reaches as far as the destination, the rest of the destination does not matter. */
function chooseSource6(own: readonly Prefix[], destination: Ip): SourceChoice {
  const wide = own.filter((address) => !isLinkLocal6(prefixAddress(address)));
  const [only] = wide;
  if (only !== undefined && wide.length === 1 && scope6(destination) > 2)
    return { source: prefixAddress(only), cell: addressCell(destination, ownScope) };
  return { source: bestSource6(own, destination), cell: valueCell(destination) };
}

/** Addresses whose scope is told by more than their being unicast. */
const ownScope: readonly Prefix[] = [linkLocal6, ...multicast, ...loopbacks];

/** RFC 6724 5, rules 1, 2, 6 and 8. */
function bestSource6(own: readonly Prefix[], destination: Ip): Ip {
  const wanted = scope6(destination);
  const score = (address: Prefix): readonly number[] => {
    const candidate = prefixAddress(address);
    const scope = scope6(candidate);
    return [
      candidate === destination ? 1 : 0,
      scope >= wanted ? 1000 - scope : scope,
      label6(candidate) === label6(destination) ? 1 : 0,
      Math.min(prefixLength(address), sharedBits(candidate, destination)),
    ];
  };
  const scored = own.map((address) => ({ address: prefixAddress(address), score: score(address) }));
  const best = scored.reduce((a, b) => (isHigher(b.score, a.score) ? b : a));
  return best.address;
}

function isHigher(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] ?? 0) > (b[at] ?? 0);
}

/** RFC 4007: 2 is the link, 14 the world. */
function scope6(address: Ip): number {
  if (isMulticast(address)) return Number.parseInt(address.slice(3, 4), 16) || 0;
  return isLinkLocal6(address) || address === "::1" ? 2 : 14;
}

/** Of net/ipv6/addrlabel.c the labels that addresses in use have. */
function label6(address: Ip): number {
  return labels.find(([prefix]) => contains(prefix, address))?.[1] ?? 1;
}

const labels: readonly (readonly [Prefix, number])[] = [
  ["::1/128" as Prefix, 0],
  ["2002::/16" as Prefix, 2],
  ["fc00::/7" as Prefix, 5],
  ["2001::/32" as Prefix, 6],
];

function sharedBits(a: Ip, b: Ip): number {
  let difference = ipNumber(a) ^ ipNumber(b);
  let length: number = familyBits(ipFamily(a));
  for (; difference > 0n; difference >>= 1n) length--;
  return length;
}
