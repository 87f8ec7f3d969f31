/** A network as the store remembers it, and whether a configuration still means the same network. */
import type { Prefix } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { JsonObject } from "../cni/read.ts";
import { isObject } from "../cni/read.ts";
import type { NetworkDirectory } from "../directory/config.ts";
import type { Switch } from "../model/switch.ts";

export interface NetworkSpec<S extends Switch = Switch> {
  readonly switch: S;
  /** What the configuration decides, by key. */
  readonly settings: Readonly<Record<string, string>>;
  /** The prefix that was chosen because the configuration names none. */
  readonly automatic?: Prefix;
  /** Where an agent learns of the network's other hosts, and tells them of this one. */
  readonly directory?: NetworkDirectory;
  /** Rebuilt from the marks on kernel objects: the next ADD says what the configuration decides. */
  readonly recovered?: true;
}

/** Subnets that an `ipam` object names, ours or host-local's, or of which hosts claim blocks: part of a network's definition. */
export function configuredSubnets(ipam: JsonObject | undefined): readonly string[] {
  const sets = Array.isArray(ipam?.ranges) ? ipam.ranges.flat() : [];
  const dealtOut = ipam?.store !== undefined && Array.isArray(ipam.cidrs) ? ipam.cidrs : [];
  const subnets = [ipam, ...sets].map((range) => (isObject(range) ? range.subnet : undefined));
  return [...subnets, ...dealtOut].filter((subnet) => typeof subnet === "string");
}

/** Keys of the settings that differ. A list may name a thing twice: several ranges of one subnet, say. */
export function differingSettings(
  known: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): readonly string[] {
  const keys = [...new Set([...Object.keys(known), ...Object.keys(wanted)])];
  return keys.filter((key) => asSet(known[key]) !== asSet(wanted[key]));
}

const asSet = (list: string | undefined): string | undefined =>
  list && [...new Set(list.split(","))].toSorted().join(",");

/**
 * Refuses a configuration that says something else than the network that is in use.
 *
 * @throws {CniError} 108 with both values of every setting that differs
 */
export function requireSameNetwork(
  network: string,
  known: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): void {
  const differing = differingSettings(known, wanted);
  if (differing.length === 0) return;
  const values = differing.map(
    (key) => `${key} is ${known[key] ?? "not set"} in use, ${wanted[key] ?? "not set"} in the configuration`,
  );
  throw new CniError(
    errorCode.conflict,
    `network ${network} exists with another definition: ${values.join("; ")}`,
    {
      reason: "network-differs",
      details: "remove its containers first, restore the configuration, or give the new network another name",
    },
  );
}
