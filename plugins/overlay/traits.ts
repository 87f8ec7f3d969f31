/** What all verbs know of the overlay network type. */
import { namedUplink } from "../../lib/verbs/named-uplink.ts";
import type { NetworkTraits } from "../../lib/verbs/network-plugin.ts";
import { overlayIpam } from "./subnets.ts";

export const overlayTraits: NetworkTraits = {
  kind: "overlay",
  withoutIpam: "ours",
  // A delegate that fails shall have cost the host nothing.
  vnicBeforeAddress: false,
  externalUplink: namedUplink,
  nativeIpam: overlayIpam,
};
