/** The transparent network type: what it adds to the verbs. */
import type { AnyExternalSwitch } from "../../lib/model/switch.ts";
import { requestedOf } from "../../lib/planning/requested.ts";
import type { NetworkPlugin } from "../../lib/verbs/network-plugin.ts";
import { parseTransparentConfig, type TransparentConfig } from "./config.ts";
import { requireAddresses, requireGuestAsks } from "./kind-limits.ts";
import { transparentQuery, transparentSettings, transparentSwitch } from "./network.ts";
import { planTransparent } from "./plan.ts";
import { transparentTraits } from "./traits.ts";
import { transparentWarnings } from "./warnings.ts";

export const transparent: NetworkPlugin<TransparentConfig, AnyExternalSwitch> = {
  ...transparentTraits,
  parse(request) {
    const { config } = request;
    const parsed = parseTransparentConfig(config.raw, requestedOf(request));
    requireAddresses(parsed.kind, config);
    requireGuestAsks(parsed.vnic.type, config);
    return parsed;
  },
  uplink: (config) => config.uplink,
  vnicType: (config) => config.vnic.type,
  query: transparentQuery,
  warnings: transparentWarnings,
  isOfHost: (config) => config.kind === "bridge",
  switch: transparentSwitch,
  settings: transparentSettings,
  plan: planTransparent,
};
