/** What of the layout's sets an overlay network fills: whose packets are its own, and from whom it takes them. Pure. */
import { type Ip, ipFamily } from "../../addr/ip.ts";
import type { OverlaySwitch } from "../../model/switch.ts";
import { clipComment } from "../../netlink/nft/userdata.ts";
import type { LayoutElement } from "../layout/element.ts";
import { networkComment } from "../mark.ts";

/** The 24 bits of a VNI, as keys have them: the lower two bytes and the upper one. */
const vniKey = (vni: number) => [vni & 0xffff, vni >> 16] as const;

export function tunnelElements({
  network,
  name,
  tunnel,
  vni,
  mode,
  isolated,
}: OverlaySwitch): readonly LayoutElement[] {
  const comment = clipComment(networkComment(network));
  const elements: LayoutElement[] = [
    { set: "tunnels", key: [tunnel.udpPort, ...vniKey(vni)], comment },
    { set: "dropped_tunnel", key: [...vniKey(vni)], comment },
  ];
  if (mode === "stretched") return elements;
  elements.push({ set: "switches", key: [tunnel.name], comment });
  elements.push({ set: "dropped_between", key: [tunnel.name], comment });
  elements.push({ set: "dropped_source", key: [tunnel.name], comment });
  elements.push({ set: "routed_tunnels", key: [tunnel.name], comment });
  // Above whatever else reaches the network: other hosts' containers of it do not, even where all networks do.
  if (isolated) return [...elements, { set: "isolated", key: [tunnel.name, name], comment }];
  elements.push({ set: "reachable", key: [tunnel.name, name], comment });
  elements.push({ set: "reachable", key: [name, tunnel.name], comment });
  return elements;
}

/** A host whose packets are taken; of a sealed network, those that come by its own way. */
export function vtepElement({ network, vni, tunnel }: OverlaySwitch, vtep: Ip): LayoutElement {
  const comment = clipComment(networkComment(network));
  const family = ipFamily(vtep);
  return tunnel.sealed
    ? { set: `sealed${family}`, key: [tunnel.uplink, vtep, ...vniKey(vni)], comment }
    : { set: `vteps${family}`, key: [vtep, ...vniKey(vni)], comment };
}
