/**
 * Several OutBoundNAT of one port, brought to translations of which each connection meets one at most.
 *
 * The reference Windows plugins append one policy more for each thing they want, so several are usual. What one of them
 * excepts is excepted from all; translations towards certain destinations stand before those towards everywhere, and
 * among the latter a VirtualIP stands before the address of the interface.
 */
import { type Family, type Ip, ipFamily } from "../addr/ip.ts";
import { overlaps, type Prefix, prefixFamily } from "../addr/prefix.ts";
import { type Issue, report } from "../cni/read.ts";
import { distinctPrefixes } from "./lists.ts";
import type { OutBoundNatRequest } from "./outbound-nat.ts";

/**
 * @param excepted what is excepted for the whole network
 * @param issues takes two translations that both claim a connection
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
  }).toSorted((a, b) => rank(a) - rank(b));
  for (const [i, one] of combined.entries())
    for (const other of combined.slice(i + 1)) reportClash(one, other, issues);
  return combined;
}

const rank = ({ destinations, virtualIp }: OutBoundNatRequest): number =>
  destinations.length > 0 ? 0 : virtualIp !== undefined ? 1 : 2;

function reportClash(one: OutBoundNatRequest, other: OutBoundNatRequest, issues: Issue[]): void {
  const where = rank(one) === rank(other) ? commonDestination(one, other) : undefined;
  if (where === undefined) return;
  const claim = ({ virtualIp }: OutBoundNatRequest): string => virtualIp ?? "the interface's address";
  const received = `${claim(one)} and ${claim(other)}`;
  report(issues, "OutBoundNAT", `one source address for connections to ${where}`, received);
}

/** What both translate, in words. */
function commonDestination(one: OutBoundNatRequest, other: OutBoundNatRequest): string | undefined {
  if (one.destinations.length === 0 || other.destinations.length === 0) {
    const families = ([4, 6] as const).filter((family) => serves(one, family) && serves(other, family));
    return families.length > 0 ? "everywhere" : undefined;
  }
  return one.destinations.find(
    (a) =>
      serves(one, prefixFamily(a)) &&
      serves(other, prefixFamily(a)) &&
      other.destinations.some((b) => overlaps(a, b)),
  );
}

const serves = ({ virtualIp }: { readonly virtualIp?: Ip }, family: Family): boolean =>
  virtualIp === undefined || ipFamily(virtualIp) === family;
