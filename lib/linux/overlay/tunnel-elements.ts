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
  if (tunnel.sealed) {
    elements.push({ set: "sealed_by", key: [tunnel.uplink, ...vniKey(vni)], comment });
    elements.push({ set: "sealed", key: [...vniKey(vni)], comment });
  }
  if (mode === "stretched") return elements;
  elements.push({ set: "switches", key: [tunnel.name], comment });
  elements.push({ set: "dropped_between", key: [tunnel.name], comment });
  elements.push({ set: "dropped_source", key: [tunnel.name], comment });
  elements.push({ set: "routed_tunnels", key: [tunnel.name], comment });
  if (isolated) return elements;
  elements.push({ set: "reachable", key: [tunnel.name, name], comment });
  elements.push({ set: "reachable", key: [name, tunnel.name], comment });
  return elements;
}

/** A host whose packets are taken. */
export function vtepElement({ network, vni }: OverlaySwitch, vtep: Ip): LayoutElement {
  const comment = clipComment(networkComment(network));
  return { set: `vteps${ipFamily(vtep)}`, key: [vtep, ...vniKey(vni)], comment };
}
