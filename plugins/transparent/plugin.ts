/** The transparent network type: what it adds to the verbs. */
import { parseRuntimeConfig } from "../../lib/cni/capability.ts";
import { anyShape, foldObject } from "../../lib/cni/keys.ts";
import { isObject, type JsonObject } from "../../lib/cni/read.ts";
import { requestedMac } from "../../lib/cni/requested-mac.ts";
import type { AnyExternalSwitch } from "../../lib/model/switch.ts";
import { requestedVnic } from "../../lib/planning/vnic-config.ts";
import type { NetworkPlugin } from "../../lib/verbs/network-plugin.ts";
import { parseTransparentConfig, type TransparentConfig } from "./config.ts";
import { requireAddresses, requireGuestAsks } from "./kind-limits.ts";
import { transparentQuery, transparentSettings, transparentSwitch } from "./network.ts";
import { planTransparent } from "./plan.ts";
import { transparentWarnings } from "./warnings.ts";

export const transparent: NetworkPlugin<TransparentConfig, AnyExternalSwitch> = {
  kind: "transparent",
  withoutIpam: "none",
  vnicBeforeAddress: true,
  parse(request) {
    const { config } = request;
    const mac = requestedMac(request);
    const parsed = parseTransparentConfig(config.raw, {
      ...parseRuntimeConfig(config.runtimeConfig, config.name),
      network: config.name,
      vnicRequest: requestedVnic(request),
      ...(mac === undefined ? {} : { mac }),
    });
    requireAddresses(parsed.kind, config);
    requireGuestAsks(parsed.vnic.type, config);
    return parsed;
  },
  uplink: (config) => config.uplink,
  vnicType: (config) => config.vnic.type,
  query: transparentQuery,
  warnings: transparentWarnings,
  isOfHost: (config) => config.kind === "bridge",
  externalUplink: uplinkOf,
  switch: transparentSwitch,
  settings: transparentSettings,
  nativeIpam(config) {
    const { ipam } = foldObject(config, { ipam: anyShape });
    return isObject(ipam) ? ipam : {};
  },
  plan: planTransparent,
};

/** However wrong the rest of the configuration may be. */
function uplinkOf(config: JsonObject): string | undefined {
  const { uplink, master } = foldObject(config, { uplink: anyShape, master: anyShape });
  return [uplink, master].find((name) => typeof name === "string") as string | undefined;
}
