/** The nat network type: what it adds to the verbs. */
import { parseRuntimeConfig } from "../../lib/cni/capability.ts";
import { requestedMac } from "../../lib/cni/requested-mac.ts";
import type { HostedConfig } from "../../lib/hosted/config.ts";
import { planHosted } from "../../lib/hosted/plan.ts";
import type { InternalSwitch } from "../../lib/model/switch.ts";
import { requestedVnic } from "../../lib/planning/vnic-config.ts";
import type { NetworkPlugin } from "../../lib/verbs/network-plugin.ts";
import { parseNatConfig } from "./config.ts";
import { automaticSubnet, natSettings, natSwitch } from "./network.ts";
import { natTraits } from "./traits.ts";

export const nat: NetworkPlugin<HostedConfig, InternalSwitch> = {
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
  plan: (input) => planHosted(input),
};
