/** Inputs of the planner of transparent networks, as short as a test can say them. */
import { prefix } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import type { ResultRoute } from "../../../lib/cni/result.ts";
import type { HostFacts } from "../../../lib/model/facts.ts";
import type { Owner } from "../../../lib/model/owner.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { AnyExternalSwitch, MacvlanSwitch } from "../../../lib/model/switch.ts";
import type { Requested } from "../../../lib/planning/requested.ts";
import type { PlanInput } from "../../../lib/verbs/network-plugin.ts";
import { parseTransparentConfig, type TransparentConfig } from "../../../plugins/transparent/config.ts";
import { transparentSwitch } from "../../../plugins/transparent/network.ts";
import { planTransparent } from "../../../plugins/transparent/plan.ts";
import { ipamResult, portMappings } from "../nat/fixture.ts";

/** A host on a LAN of both families. */
export const lanHost: HostFacts = {
  uplink: { name: "eth0", mtu: 1500, addresses: [prefix("192.0.2.1/24"), prefix("2001:db8::1/64")] },
  prefixes: [prefix("192.0.2.0/24")],
  connected: [],
};

/**
 * @param raw keys beside cniVersion, name and type. @param ports as a runtime sends them
 * @param asked by other capabilities
 */
export function transparentConfig(
  raw: JsonObject = {},
  ports: readonly JsonObject[] = [],
  asked: Partial<Requested> = {},
): TransparentConfig {
  return parseTransparentConfig(raw, { portMappings: portMappings(ports), network: "lan", ...asked });
}

export interface TransparentCase {
  readonly owner?: Partial<Owner>;
  readonly config?: JsonObject;
  readonly asked?: Partial<Requested>;
  /** "ADDRESS/LENGTH" or "ADDRESS/LENGTH GATEWAY"; none for an attachment that has no address. */
  readonly ips: readonly string[];
  readonly routes?: readonly ResultRoute[];
  readonly host?: HostFacts;
  readonly over?: Partial<PlanInput<TransparentConfig, AnyExternalSwitch>>;
}

export function transparentInput(one: TransparentCase): PlanInput<TransparentConfig, AnyExternalSwitch> {
  const { owner, config, asked, ips, routes, host = lanHost, over } = one;
  const whole = { network: "lan", containerId: "c1", ifname: "eth0", ...owner };
  const parsed = transparentConfig(config, [], asked);
  return {
    owner: whole,
    path: `/run/netns/${whole.containerId}`,
    config: parsed,
    switch: transparentSwitch(whole.network, parsed, host),
    ipam: ipamResult(ips, routes),
    defaultRoutes: [],
    dns: {},
    ...over,
  };
}

/** Of whatever kind. */
export function externalPlan(one: TransparentCase): Plan<AnyExternalSwitch> {
  return planTransparent(transparentInput(one));
}

/** Of the kind that a configuration has which names none. */
export function transparentPlan(one: TransparentCase): Plan<MacvlanSwitch> {
  const plan = externalPlan(one);
  return { ...plan, switch: requireMacvlan(plan.switch) };
}

export function requireMacvlan(vswitch: AnyExternalSwitch): MacvlanSwitch {
  if (vswitch.kind !== "macvlan") throw new Error(`a switch of kind ${vswitch.kind}`);
  return vswitch;
}
