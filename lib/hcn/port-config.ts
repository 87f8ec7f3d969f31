/**
 * What every network type takes for the port of an endpoint: `guard`, `policies`, `AdditionalArgs`, `defaultAction`,
 * the capability `bandwidth`, and a pod's annotation where the configuration declares that capability.
 */
import { type Ip, parseIp } from "../addr/ip.ts";
import type { RuntimeConfig } from "../cni/capability.ts";
import { anyShape, flatShape, foldKeys, listShape } from "../cni/keys.ts";
import { type Issue, isObject, type JsonObject, readList, readStrings, report } from "../cni/read.ts";
import type { AclAction, AclDefault } from "../policy/acl.ts";
import { type GuardAllowance, guardAllowances } from "../policy/guard.ts";
import type { PortPolicies } from "../policy/port-policies.ts";
import { oneOf } from "./acl.ts";
import { annotatedPolicies, type EndpointPolicies, readPolicies } from "./policies.ts";
import { bandwidthQos, strictest } from "./qos.ts";

export interface PortConfig extends Omit<EndpointPolicies, "qos">, PortPolicies {}

/** Keys of a configuration that are read here, for `foldObject`. */
export const portConfigShape = {
  guard: flatShape("allow", "addresses"),
  policies: listShape(anyShape),
  AdditionalArgs: listShape(anyShape),
  defaultAction: flatShape("In", "Out"),
} as const;

/**
 * @param config already folded
 * @throws {CniError} 2 for a policy that is not supported
 */
export function readPortConfig(
  config: JsonObject,
  runtime: Pick<RuntimeConfig, "bandwidth" | "podAnnotations">,
  network: string,
  issues: Issue[],
): PortConfig {
  const lists = [
    { path: "AdditionalArgs", value: config.AdditionalArgs },
    { path: "policies", value: config.policies },
    annotatedPolicies(runtime.podAnnotations, network, issues),
  ];
  const { qos: configured, ...policies } = readPolicies(lists, issues);
  const asked = runtime.bandwidth === undefined ? undefined : bandwidthQos(runtime.bandwidth);
  const qos = strictest([configured, asked].flatMap((limit) => limit ?? []));
  const guard = readGuard(config.guard, issues);
  const aclDefault = readDefault(config.defaultAction, issues);
  return {
    ...policies,
    ...(qos === undefined ? {} : { qos }),
    ...(guard === undefined ? {} : { guard }),
    ...(aclDefault === undefined ? {} : { aclDefault }),
  };
}

/** On unless it is false; an object says what a port may be or have beyond the usual. */
function readGuard(value: unknown, issues: Issue[]): PortPolicies["guard"] {
  if (value === false) return undefined;
  if (value === undefined || value === true) return { allow: [], addresses: [] };
  if (!isObject(value))
    return report(issues, "guard", 'true, false, or {"allow": [...], "addresses": [...]}', value);
  const allow = readList(value.allow, "guard.allow", issues, (item, path) =>
    oneOf<GuardAllowance>(item, guardAllowances, path, issues),
  );
  const addresses = readStrings(value.addresses, "guard.addresses", issues).flatMap((text): readonly Ip[] => {
    const address = parseIp(text);
    if (address !== undefined) return [address];
    report(issues, "guard.addresses", "IP addresses", text);
    return [];
  });
  return { allow, addresses };
}

/** One action for both directions, or one for each. */
function readDefault(value: unknown, issues: Issue[]): Partial<AclDefault> | undefined {
  if (value === undefined) return undefined;
  const action = (of: unknown, path: string): AclAction | undefined =>
    of === undefined ? undefined : oneOf(of, ["Allow", "Block"], path, issues);
  if (!isObject(value)) {
    const both = action(value, "defaultAction");
    return both === undefined ? undefined : { In: both, Out: both };
  }
  const { In, Out } = foldKeys(value, flatShape("In", "Out")) as JsonObject;
  const [into, out] = [action(In, "defaultAction.In"), action(Out, "defaultAction.Out")];
  return { ...(into === undefined ? {} : { In: into }), ...(out === undefined ? {} : { Out: out }) };
}
