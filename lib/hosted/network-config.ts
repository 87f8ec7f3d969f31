/** What of a nat configuration concerns the whole network, where it has several forms or places. Pure. */
import type { Prefix } from "../addr/prefix.ts";
import { namePattern } from "../cni/environment.ts";
import { type Issue, readList, report } from "../cni/read.ts";
import { combineNat } from "../hcn/combine-nat.ts";
import { distinctPrefixes } from "../hcn/lists.ts";
import type { OutBoundNatRequest } from "../hcn/outbound-nat.ts";
import type { ReadPortConfig } from "../hcn/port-config.ts";

/** Which other networks may open connections to the containers: all, or by name; null and false are none. */
export function readReachable(value: unknown, issues: Issue[]): true | readonly string[] {
  if (value === true) return true;
  if (value === undefined || value === false) return [];
  if (!Array.isArray(value)) report(issues, "reachable", "true, false, or a list of networks", value);
  const names = readList(Array.isArray(value) ? value : [], "reachable", issues, (item, path) =>
    typeof item === "string" && namePattern.test(item)
      ? item
      : report(issues, path, "a network's name", item),
  );
  return [...new Set(names)];
}

/**
 * What the configuration excepts for all its endpoints alike is the network's own list; translations of another kind,
 * or where the network itself translates nothing, are the endpoint's, as are those that a pod asks for.
 */
export function splitOutboundNat(
  { configuredNat, annotatedNat }: Pick<ReadPortConfig, "configuredNat" | "annotatedNat">,
  exceptions: readonly Prefix[],
  masquerade: boolean,
  issues: Issue[],
): { readonly ofNetwork: readonly Prefix[]; readonly ofEndpoint: readonly OutBoundNatRequest[] } {
  const isPlain =
    masquerade &&
    configuredNat.every(
      ({ destinations, virtualIp }) => destinations.length === 0 && virtualIp === undefined,
    );
  const excepted = isPlain ? configuredNat.flatMap((one) => one.exceptions) : [];
  const ofNetwork = distinctPrefixes([...exceptions, ...excepted]);
  const ofEndpoint = isPlain ? annotatedNat : [...configuredNat, ...annotatedNat];
  return { ofNetwork, ofEndpoint: combineNat(ofEndpoint, ofNetwork, issues) };
}
