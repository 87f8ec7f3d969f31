/** The overlay network type: what it adds to the verbs. */
import { ipFamily } from "../../lib/addr/ip.ts";
import { type Prefix, prefixAddress } from "../../lib/addr/prefix.ts";
import { planHosted } from "../../lib/hosted/plan.ts";
import type { Owner } from "../../lib/model/owner.ts";
import { vnicMac } from "../../lib/model/plan.ts";
import type { OverlaySwitch } from "../../lib/model/switch.ts";
import { vtepMac } from "../../lib/model/vtep.ts";
import { requestedOf } from "../../lib/planning/requested.ts";
import type { NetworkPlugin } from "../../lib/verbs/network-plugin.ts";
import { type OverlayConfig, parseOverlayConfig } from "./config.ts";
import { followPeers, overlaySettings, overlaySwitch } from "./network.ts";
import { overlayTraits } from "./traits.ts";

export const overlay: NetworkPlugin<OverlayConfig, OverlaySwitch> = {
  ...overlayTraits,
  parse: (request) => parseOverlayConfig(request.config.raw, requestedOf(request)),
  uplink: (config) => config.uplink,
  vnicType: (config) => config.vnic.type,
  switch: overlaySwitch,
  follow: followPeers,
  // Its address on the underlay, and the MTU.
  isOfHost: () => true,
  settings: overlaySettings,
  plan: (input) => planHosted(input, (owner, addresses) => endpointMac(owner, addresses, input.config)),
  directory: ({ directory, blockBits }) =>
    directory.type === "static" ? undefined : { access: directory, blockBits },
  peers: ({ directory }) => (directory.type === "static" ? directory.peers : undefined),
};

/** As on Windows a container's MAC follows from its address, by which other hosts know it. */
function endpointMac(owner: Owner, addresses: readonly Prefix[], { macPrefix }: OverlayConfig) {
  const all = addresses.map(prefixAddress);
  const address = all.find((one) => ipFamily(one) === 4) ?? all[0];
  return address === undefined ? vnicMac(owner) : vtepMac(address, macPrefix);
}
