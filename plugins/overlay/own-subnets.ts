/** Subnets of this host's containers: those beside the ipam, in either form, and the ipam's own. Pure. */
import { type Ip, parseIp } from "../../lib/addr/ip.ts";
import { contains, type Prefix, parsePrefix } from "../../lib/addr/prefix.ts";
import { type Issue, isObject, type JsonObject, report } from "../../lib/cni/read.ts";
import { distinctPrefixes } from "../../lib/hcn/lists.ts";
import { nativeIpam } from "../../lib/hosted/hcn.ts";
import { configuredSubnets } from "../../lib/verbs/network-spec.ts";
import { overlayIpam, rangeOf } from "./subnets.ts";

const hcnSubnets = () => require("./hcn-subnet.ts") as typeof import("./hcn-subnet.ts");

export interface OwnSubnets {
  readonly subnets: readonly Prefix[];
  /** VSIDs that subnets of HCN's form name. */
  readonly vnis: readonly number[];
}

/**
 * @param config already folded
 * @throws {CniError} 2 for what a subnet of HCN's form does not have here
 */
export function readOwnSubnets(config: JsonObject, issues: Issue[]): OwnSubnets {
  const { subnet, subnets } = config;
  const listed = Array.isArray(subnets) ? subnets.map((item, i) => [`subnets[${i}]`, item] as const) : [];
  const items = [...(subnet === undefined ? [] : [["subnet", subnet] as const]), ...listed];
  const beside = items.flatMap(([at, item]) => readSubnet(item, at, config, issues) ?? []);
  const ofIpam = configuredSubnets(overlayIpam(config)).flatMap((text) => parsePrefix(text) ?? []);
  const [named, used] = [distinctPrefixes(beside), distinctPrefixes(ofIpam)];
  const text = (prefixes: readonly Prefix[]): string => prefixes.toSorted().join(" ");
  if (named.length > 0 && used.length > 0 && text(named) !== text(used))
    report(issues, "subnets", `those of the ipam, ${text(used)}, or none`, text(named));
  return {
    subnets: distinctPrefixes([...named, ...used]),
    vnis: items.flatMap(([at, item]) => (isObject(item) ? hcnSubnets().readHcnSubnet(item, at, issues) : [])),
  };
}

/** @returns undefined after a report */
function readSubnet(item: unknown, at: string, config: JsonObject, issues: Issue[]): Prefix | undefined {
  const { subnet, gateway } = rangeOf(item);
  const path = isObject(item) ? `${at}.IpAddressPrefix` : at;
  const prefix = typeof subnet === "string" ? parsePrefix(subnet) : undefined;
  if (prefix === undefined) return report(issues, path, "a prefix such as 10.40.1.0/24", subnet);
  const other = addressOf(nativeIpam({ ipam: config.ipam }).gateway);
  if (gateway !== undefined && other !== undefined && contains(prefix, other) && addressOf(gateway) !== other)
    report(issues, `${at}: its gateway`, `${other}, as the ipam has it`, gateway);
  return prefix;
}

const addressOf = (value: unknown): Ip | undefined =>
  typeof value === "string" ? parseIp(value) : undefined;
