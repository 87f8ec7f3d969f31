/** The nat network type: what it adds to the verbs. */
import type { HostedConfig } from "../../lib/hosted/config.ts";
import { planHosted } from "../../lib/hosted/plan.ts";
import type { InternalSwitch } from "../../lib/model/switch.ts";
import { requestedOf } from "../../lib/planning/requested.ts";
import type { NetworkPlugin } from "../../lib/verbs/network-plugin.ts";
import { parseNatConfig } from "./config.ts";
import { automaticSubnet, natSettings, natSwitch } from "./network.ts";
import { natTraits } from "./traits.ts";

export const nat: NetworkPlugin<HostedConfig, InternalSwitch> = {
  ...natTraits,
  parse: (request) => parseNatConfig(request.config.raw, requestedOf(request)),
  uplink: (config) => config.uplink,
  vnicType: (config) => config.vnic.type,
  switch: natSwitch,
  settings: natSettings,
  automaticSubnet,
  plan: (input) => planHosted(input),
};
