/** Configurations of overlay networks, as short as a test can say them. */
import { prefix } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import type { Requested } from "../../../lib/hosted/config.ts";
import type { HostFacts } from "../../../lib/model/facts.ts";
import { type OverlayConfig, parseOverlayConfig } from "../../../plugins/overlay/config.ts";
import { portMappings } from "../nat/fixture.ts";

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
