/** The nat network type: what it adds to the verbs. */
import { parseRuntimeConfig } from "../../lib/cni/capability.ts";
import { requestedMac } from "../../lib/cni/requested-mac.ts";
import type { InternalSwitch } from "../../lib/model/switch.ts";
import { requestedVnic } from "../../lib/planning/vnic-config.ts";
import type { NetworkPlugin } from "../../lib/verbs/network-plugin.ts";
import { type NatConfig, parseNatConfig } from "./config.ts";
import { nativeIpam } from "./hcn.ts";
import { automaticSubnet, natSettings, natSwitch } from "./network.ts";
import { planNat } from "./plan.ts";

export const nat: NetworkPlugin<NatConfig, InternalSwitch> = {
  kind: "nat",
  withoutIpam: "ours",
  // A delegate that fails shall have cost the host nothing.
  vnicBeforeAddress: false,
  parse(request) {
    const { config } = request;
    const runtime = parseRuntimeConfig(config.runtimeConfig, config.name);
    const mac = requestedMac(request);
    return parseNatConfig(config.raw, {
      ...runtime,
      vnicRequest: requestedVnic(request),
      network: config.name,
      ...(mac === undefined ? {} : { mac }),
    });
  },
  uplink: (config) => config.uplink,
  vnicType: (config) => config.vnic.type,
  switch: natSwitch,
  settings: natSettings,
  nativeIpam,
  automaticSubnet,
  plan: planNat,
};
