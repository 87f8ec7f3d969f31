/** What all verbs know of the transparent network type. */
import { anyShape, foldObject } from "../../lib/cni/keys.ts";
import { isObject, type JsonObject } from "../../lib/cni/read.ts";
import type { NetworkTraits } from "../../lib/verbs/network-plugin.ts";

export const transparentTraits: NetworkTraits = {
  kind: "transparent",
  withoutIpam: "none",
  vnicBeforeAddress: true,
  externalUplink: uplinkOf,
  nativeIpam(config) {
    const { ipam } = foldObject(config, { ipam: anyShape });
    return isObject(ipam) ? ipam : {};
  },
};

/** However wrong the rest of the configuration may be. */
function uplinkOf(config: JsonObject): string | undefined {
  const { uplink, master } = foldObject(config, { uplink: anyShape, master: anyShape });
  return [uplink, master].find((name) => typeof name === "string") as string | undefined;
}
