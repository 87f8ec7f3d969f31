/** Outer packets of tunnels, as the host that sends or receives them looks at them. */
import { IPPROTO, type IpPacket } from "../../policy/packet.ts";
import type { ForeignHook } from "../foreign.ts";
import { askForeign } from "./ask-foreign.ts";
import { fieldNames } from "./consulted.ts";
import { hostPlace } from "./find.ts";
import { noMac } from "./groups.ts";
import type { Layer, Passage } from "./layer.ts";
import type { Encapsulation } from "./trace.ts";
import type { IpWalk, Walk } from "./walk.ts";

/** A packet that is in a tunnel. */
export type TunnelWalk = Walk & { readonly tunnel: Encapsulation };

/** A layer of the underlay. */
export function onUnderlay(layer: (walk: TunnelWalk) => Passage): Layer {
  return (walk) => (isTunnelled(walk) ? layer(walk) : { kind: "on", walk });
}

const isTunnelled = (walk: Walk): walk is TunnelWalk => walk.tunnel !== undefined;

/** Its source port is a hash of what is inside, and not known. */
const outerPacket = ({ source, vtep, port }: Encapsulation): IpPacket => ({
  kind: "ip",
  sourceMac: noMac,
  destinationMac: noMac,
  source,
  destination: vtep,
  protocol: IPPROTO.udp,
  destinationPort: port,
});

const ownFields = new Set(fieldNames);

/** What rules of other programs do with it. Nothing of the packet inside decides that, and no connection is known of it. */
export function foreignUnderlay(hook: Exclude<ForeignHook, "forward">): Layer {
  return onUnderlay((walk) => {
    const outer: IpWalk = { ...walk, packet: outerPacket(walk.tunnel), rewritten: ownFields, dnat: false };
    const passage = askForeign(outer, {
      id: `underlay.foreign.${hook}`,
      where: hostPlace,
      hook,
      in: hook === "prerouting" || hook === "input" ? walk.in : undefined,
      out: hook === "output" || hook === "postrouting" ? walk.out : undefined,
      untracked: true,
      udpPort: walk.tunnel.port,
    });
    return { ...passage, walk: { ...walk, doubts: passage.walk.doubts } };
  });
}
