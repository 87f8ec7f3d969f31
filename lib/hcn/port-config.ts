/**
 * What every network type takes for the port of an endpoint: `guard`, `policies`, `AdditionalArgs`, `defaultAction`,
 * the capability `bandwidth`, and a pod's annotation where the configuration declares that capability.
 */
import type { RuntimeConfig } from "../cni/capability.ts";
import { anyShape, flatShape, listShape } from "../cni/keys.ts";
import { type Issue, isObject, type JsonObject, report } from "../cni/read.ts";
import type { AclAction, AclDefault } from "../policy/acl.ts";
import type { PortPolicies } from "../policy/port-policies.ts";
import { annotatedPolicies } from "./annotation.ts";
import { readGuard } from "./guard.ts";
import type { OutBoundNatRequest } from "./outbound-nat.ts";
import { type EndpointPolicies, join, readPolicies } from "./policies.ts";
import { bandwidthQos, strictest } from "./qos.ts";
import { oneOf, refuseOthers } from "./settings.ts";

export interface PortConfig extends Pick<EndpointPolicies, "portMappings">, PortPolicies {
  /** InterfaceParameters: bytes. */
  readonly mtu?: number;
}

/** A port's own part, and what may be the whole network's: that is for the network type to say. */
export interface ReadPortConfig extends Omit<PortConfig, "outboundNat"> {
  /** Of the configuration: all endpoints have them. */
  readonly configuredNat: readonly OutBoundNatRequest[];
  /** Of the pod's annotation. */
  readonly annotatedNat: readonly OutBoundNatRequest[];
}

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
): ReadPortConfig {
  const configured = join([
    readPolicies(config.AdditionalArgs, "AdditionalArgs", issues),
    readPolicies(config.policies, "policies", issues),
  ]);
  const annotated = annotatedPolicies(runtime.podAnnotations, network, issues);
  const { portMappings, acls, qos: limits, mtus } = join([configured, annotated]);
  if (mtus.length > 1)
    report(issues, "InterfaceParameters", "one at most, as in HCN", `${mtus.join(" and ")} bytes`);
  const asked = runtime.bandwidth === undefined ? [] : [bandwidthQos(runtime.bandwidth)];
  const qos = strictest([...limits, ...asked]);
  const guard = readGuard(config.guard, issues);
  const aclDefault = readDefault(config.defaultAction, issues);
  return {
    portMappings,
    acls,
    configuredNat: configured.outboundNat,
    annotatedNat: annotated.outboundNat,
    ...(mtus[0] === undefined ? {} : { mtu: mtus[0] }),
    ...(qos === undefined ? {} : { qos }),
    ...(guard === undefined ? {} : { guard }),
    ...(aclDefault === undefined ? {} : { aclDefault }),
  };
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
  refuseOthers(value, ["In", "Out"], "defaultAction", "defaultAction takes In and Out");
  const [into, out] = [action(value.In, "defaultAction.In"), action(value.Out, "defaultAction.Out")];
  if (into === undefined && out === undefined) return undefined;
  return { ...(into === undefined ? {} : { In: into }), ...(out === undefined ? {} : { Out: out }) };
}
