/** The nat network type: what it adds to the verbs. */
import { parseRuntimeConfig } from "../../lib/cni/capability.ts";
import { requestedMac } from "../../lib/cni/requested-mac.ts";
import type { InternalSwitch } from "../../lib/model/switch.ts";
import { requestedVnic } from "../../lib/planning/vnic-config.ts";
import type { NetworkPlugin } from "../../lib/verbs/network-plugin.ts";
import { type NatConfig, parseNatConfig } from "./config.ts";
import { automaticSubnet, natSettings, natSwitch } from "./network.ts";
import { planNat } from "./plan.ts";
import { natTraits } from "./traits.ts";

export const nat: NetworkPlugin<NatConfig, InternalSwitch> = {
  ...natTraits,
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
  automaticSubnet,
  plan: planNat,
};
