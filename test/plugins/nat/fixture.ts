/** Inputs of the nat planner, as short as a test can say them. */
import type { Ip } from "../../../lib/addr/ip.ts";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { type PortMappingRequest, readPortMappings } from "../../../lib/cni/port-mapping.ts";
import { issuesError, type JsonObject } from "../../../lib/cni/read.ts";
import type { Result, ResultRoute } from "../../../lib/cni/result.ts";
import { policiesAnnotation } from "../../../lib/hcn/annotation.ts";
import type { HostedConfig } from "../../../lib/hosted/config.ts";
import { planHosted } from "../../../lib/hosted/plan.ts";
import type { HostFacts } from "../../../lib/model/facts.ts";
import type { Owner } from "../../../lib/model/owner.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { InternalSwitch } from "../../../lib/model/switch.ts";
import type { Requested } from "../../../lib/planning/requested.ts";
import type { PlanInput } from "../../../lib/verbs/network-plugin.ts";
import { parseNatConfig } from "../../../plugins/nat/config.ts";
import { natSwitch } from "../../../plugins/nat/network.ts";

export const host: HostFacts = {
  uplink: { name: "eth0", mtu: 1500, addresses: [] },
  prefixes: [prefix("192.0.2.0/24")],
  connected: [],
};

/**
 * @param raw keys beside cniVersion, name and type. @param ports as a runtime sends them
 * @param asked by other capabilities
 */
export function natConfig(
  raw: JsonObject = {},
  ports: readonly JsonObject[] = [],
  asked: Partial<Requested> = {},
): HostedConfig {
  return parseNatConfig(raw, { portMappings: portMappings(ports), network: "net", ...asked });
}

/** A pod's annotation with policies. */
export const annotated = (policies: unknown): Pick<Requested, "podAnnotations"> => ({
  podAnnotations: {
    [policiesAnnotation]: typeof policies === "string" ? policies : JSON.stringify(policies),
  },
});

export function portMappings(ports: readonly JsonObject[]): readonly PortMappingRequest[] {
  const issues: Parameters<typeof issuesError>[0][number][] = [];
  const read = readPortMappings(ports, "portMappings", issues);
  if (issues.length > 0) throw issuesError(issues);
  return read;
}

/** @param ips "ADDRESS/LENGTH" or "ADDRESS/LENGTH GATEWAY" */
export function ipamResult(ips: readonly string[], routes: readonly ResultRoute[] = []): Result {
  const entries = ips.map((text) => {
    const [address = "", gateway] = text.split(" ");
    return { address: prefix(address), ...(gateway === undefined ? {} : { gateway: ip(gateway) as Ip }) };
  });
  return { interfaces: [], ips: entries, routes, dns: {} };
}

/** Of a configuration that says nothing of it. */
export const plainVnic = { type: "hostVnic", attach: "compartment", multiQueue: false, vnetHeader: true };

export interface NatCase {
  readonly owner?: Partial<Owner>;
  readonly config?: JsonObject;
  readonly ports?: readonly JsonObject[];
  readonly asked?: Partial<Requested>;
  readonly ips: readonly string[];
  readonly routes?: readonly ResultRoute[];
  readonly over?: Partial<PlanInput<HostedConfig, InternalSwitch>>;
}

export function planInput({
  owner,
  config,
  ports,
  asked,
  ips,
  routes,
  over,
}: NatCase): PlanInput<HostedConfig, InternalSwitch> {
  const whole = { network: "net", containerId: "c1", ifname: "eth0", ...owner };
  const parsed = natConfig(config, ports, asked);
  return {
    owner: whole,
    path: `/run/netns/${whole.containerId}`,
    config: parsed,
    switch: natSwitch(whole.network, parsed, host),
    ipam: ipamResult(ips, routes),
    defaultRoutes: [],
    dns: {},
    ...over,
  };
}

export function natPlan(one: NatCase): Plan<InternalSwitch> {
  return planHosted(planInput(one));
}
