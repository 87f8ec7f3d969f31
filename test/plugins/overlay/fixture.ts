/** Configurations of overlay networks, as short as a test can say them. */
import { prefix } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import type { HostFacts } from "../../../lib/model/facts.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { OverlaySwitch } from "../../../lib/model/switch.ts";
import type { Requested } from "../../../lib/planning/requested.ts";
import type { PlanInput } from "../../../lib/verbs/network-plugin.ts";
import { type OverlayConfig, parseOverlayConfig } from "../../../plugins/overlay/config.ts";
import { overlaySwitch } from "../../../plugins/overlay/network.ts";
import { overlay } from "../../../plugins/overlay/plugin.ts";
import { ipamResult, portMappings } from "../nat/fixture.ts";

/** A host with both families on the underlay. */
export const underlayHost: HostFacts = {
  uplink: { name: "eth0", mtu: 1500, addresses: [prefix("192.0.2.1/24"), prefix("2001:db8::1/64")] },
  prefixes: [prefix("192.0.2.0/24")],
  connected: [],
};

/** The other host of the smallest network. */
export const peer: JsonObject = { vtep: "192.0.2.2", subnets: ["10.40.2.0/24"] };

/** What no network can be without. */
export const least: JsonObject = {
  vni: 4097,
  subnet: "10.40.1.0/24",
  directory: { type: "static", peers: [peer] },
};

/** @param raw the whole of it, beside cniVersion, name and type. @param asked by capabilities */
export function overlayConfig(raw: JsonObject, asked: Partial<Requested> = {}): OverlayConfig {
  return parseOverlayConfig(raw, { portMappings: portMappings([]), network: "blue", ...asked });
}

export interface OverlayCase {
  readonly config?: JsonObject;
  readonly ports?: readonly JsonObject[];
  /** As `ipamResult` has them. */
  readonly ips: readonly string[];
  readonly over?: Partial<PlanInput<OverlayConfig, OverlaySwitch>>;
}

/** Of the container c1 on the network `blue`. @param config laid over the least one */
export function overlayInput({ config, ports = [], ips, over }: OverlayCase) {
  const parsed = overlayConfig({ ...least, ...config }, { portMappings: portMappings(ports) });
  return {
    owner: { network: "blue", containerId: "c1", ifname: "eth0" },
    path: "/run/netns/c1",
    config: parsed,
    switch: overlaySwitch("blue", parsed, underlayHost),
    ipam: ipamResult(ips),
    defaultRoutes: [],
    dns: {},
    ...over,
  };
}

export const overlayPlan = (one: OverlayCase): Plan<OverlaySwitch> => overlay.plan(overlayInput(one));

export const network = (Type: string, Settings: JsonObject): JsonObject => ({
  Name: "NetworkPolicy",
  Value: { Type, Settings },
});
export const endpoint = (Type: string, Settings: JsonObject): JsonObject => ({
  Name: "EndpointPolicy",
  Value: { Type, Settings },
});

/** A RemoteSubnetRoute of the network 4097. */
export const route = (
  DestinationPrefix: string,
  ProviderAddress = "192.0.2.2",
  more: JsonObject = {},
): JsonObject =>
  network("RemoteSubnetRoute", { DestinationPrefix, IsolationId: 4097, ProviderAddress, ...more });
