/** What all verbs know of the transparent network type. */
import { anyShape, foldObject } from "../../lib/cni/keys.ts";
import { isObject } from "../../lib/cni/read.ts";
import { namedUplink } from "../../lib/verbs/named-uplink.ts";
import type { NetworkTraits } from "../../lib/verbs/network-plugin.ts";

export const transparentTraits: NetworkTraits = {
  kind: "transparent",
  withoutIpam: "none",
  vnicBeforeAddress: true,
  externalUplink: namedUplink,
  nativeIpam(config) {
    const { ipam } = foldObject(config, { ipam: anyShape });
    return isObject(ipam) ? ipam : {};
  },
};
