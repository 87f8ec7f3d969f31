/**
 * Several OutBoundNAT of one port, brought to translations of which each connection meets one at most.
 *
 * The reference Windows plugins append one policy more for each thing they want, so several are usual. What one of them
 * excepts is excepted from all, and a VirtualIP stands before the address of the interface.
 */
import { ipFamily } from "../addr/ip.ts";
import { defaultPrefix, overlaps, type Prefix, prefixFamily } from "../addr/prefix.ts";
import { type Issue, report } from "../cni/read.ts";
import { distinctPrefixes } from "./lists.ts";
import type { OutBoundNatRequest } from "./outbound-nat.ts";

/**
 * @param excepted what is excepted for the whole network
 * @param issues takes two virtual addresses that both claim a connection
 */
export function combineNat(
  requests: readonly OutBoundNatRequest[],
  excepted: readonly Prefix[],
  issues: Issue[],
): readonly OutBoundNatRequest[] {
  const exceptions = distinctPrefixes([...excepted, ...requests.flatMap((one) => one.exceptions)]);
  const groups = Map.groupBy(requests, ({ virtualIp }) => virtualIp);
  const combined = Array.from(groups, ([virtualIp, group]): OutBoundNatRequest => {
    const everywhere = group.some(({ destinations }) => destinations.length === 0);
    const destinations = everywhere ? [] : distinctPrefixes(group.flatMap((one) => one.destinations));
    return { exceptions, destinations, ...(virtualIp === undefined ? {} : { virtualIp }) };
  });
  const virtual = combined.filter(({ virtualIp }) => virtualIp !== undefined);
  for (const [i, one] of virtual.entries())
    for (const other of virtual.slice(i + 1)) reportClash(one, other, issues);
  return [...virtual, ...combined.filter((one) => !virtual.includes(one))];
}

function reportClash(one: OutBoundNatRequest, other: OutBoundNatRequest, issues: Issue[]): void {
  const where = destinationsOf(one).find((a) => destinationsOf(other).some((b) => overlaps(a, b)));
  if (where === undefined) return;
  const received = `${one.virtualIp} and ${other.virtualIp}`;
  report(issues, "OutBoundNAT", `one VirtualIP for connections to ${where}`, received);
}

/** The destinations of the family of its virtual address. */
function destinationsOf({ destinations, virtualIp }: OutBoundNatRequest): readonly Prefix[] {
  if (virtualIp === undefined) return [];
  const family = ipFamily(virtualIp);
  if (destinations.length === 0) return [defaultPrefix(family)];
  return destinations.filter((one) => prefixFamily(one) === family);
}
