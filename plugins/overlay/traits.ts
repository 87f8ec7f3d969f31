/** What all verbs know of the overlay network type. */
import { nativeIpam } from "../../lib/hosted/hcn.ts";
import { namedUplink } from "../../lib/verbs/named-uplink.ts";
import type { NetworkTraits } from "../../lib/verbs/network-plugin.ts";
import { withSubnets } from "./subnets.ts";

export const overlayTraits: NetworkTraits = {
  kind: "overlay",
  withoutIpam: "ours",
  // A delegate that fails shall have cost the host nothing.
  vnicBeforeAddress: false,
  externalUplink: namedUplink,
  nativeIpam: (config) => nativeIpam(withSubnets(config)),
};
