/** A frame of a vNIC goes onto the wire, with the MAC that it has there. */
import { isExternal } from "../../switch.ts";
import { kernel } from "../find.ts";
import { atEndpoint, type Layer, type Opening, skip } from "../layer.ts";
import type { Leaves } from "../trace.ts";
import { uplinkPlace } from "../uplink.ts";

export const uplinkLeave: Layer = atEndpoint((walk) => {
  const { endpoint, packet } = walk;
  if (!isExternal(endpoint.switch)) return skip(walk);
  const { uplink, vlan } = endpoint.switch;
  const opening: Opening = {
    id: "uplink.leave",
    where: uplinkPlace(uplink),
    object: "the wire",
    key: packet.destinationMac,
    writer: kernel,
  };
  const tag = vlan === undefined ? "" : `, with the tag of VLAN ${vlan}`;
  const verdict: Leaves = {
    kind: "leaves",
    interface: uplink,
    ...(vlan === undefined ? {} : { vlan }),
    ...(packet.kind === "ip" ? { source: packet.source } : {}),
    packet,
  };
  return {
    kind: "end",
    walk,
    stage: { ...opening, value: `by ${uplink} from ${packet.sourceMac}${tag}`, decision: "leave" },
    verdict,
  };
});
