/** The MAC of the next hop, for which a vNIC asks the others on its uplink and the wire. */
import type { Ip } from "../../../addr/ip.ts";
import { addressCell } from "../consulted.ts";
import { byEndpoint } from "../find.ts";
import { drop, type Opening, type Passage, pass } from "../layer.ts";
import { hostRoutes, routeCell } from "../routes.ts";
import { adaptersOn, neighbourOf, type StackedPlan, uplinkPrefixes } from "../uplink.ts";
import { consult, type EndpointWalk, type IpWalk, rewrite } from "../walk.ts";

type Here = EndpointWalk & IpWalk;

/** @param walk with what is consulted of the destination */
export function askUplink(walk: Here, endpoint: StackedPlan, opening: Opening, nextHop: Ip): Passage {
  const { scene, packet } = walk;
  const asked = withSource(walk, endpoint);
  const found = neighbourOf(scene, endpoint, packet.source, nextHop);
  switch (found.kind) {
    case "endpoint":
      return send(asked, { ...opening, writer: byEndpoint(found.endpoint) }, found.endpoint.vnic.mac, "");
    case "adapter": {
      const { mac, name, network } = found.adapter;
      const writer = { kind: "network", network } as const;
      return send(asked, { ...opening, writer }, mac, `, the host's adapter ${name}`);
    }
    case "apart":
      return drop(asked, opening, "nobody answers", found.fault);
    case "wire":
      return pass(
        { ...asked, origin: asked.packet },
        opening,
        "somebody on the wire, asked for when it is sent",
        "forward",
      );
  }
}

/** From here on it is a packet with all its fields. */
function send(
  walk: Here,
  opening: Opening,
  destinationMac: Here["packet"]["sourceMac"],
  more: string,
): Passage {
  const sent = rewrite(walk, { destinationMac });
  return pass({ ...sent, origin: sent.packet }, opening, `${destinationMac}${more}`, "forward");
}

/** By which way the host reaches the asker decides whether its adapter answers. */
function withSource(walk: Here, { switch: { lower } }: StackedPlan): Here {
  if (adaptersOn(walk.scene, lower).length === 0) return walk;
  return consult(walk, { source: routeCell(hostRoutes(walk.scene), walk.packet.source) });
}

/** How much of an address that is asked for decides who answers, and of the asker's own. */
export function askedCell<W extends EndpointWalk>(walk: W, target: Ip): W {
  const { scene, packet, endpoint } = walk;
  const lower = endpoint.switch.name;
  const cell = addressCell(target, uplinkPrefixes(scene, lower));
  const back = (source: Ip) => routeCell(hostRoutes(scene), source);
  return consult(
    walk,
    packet.kind === "arp"
      ? { targetIp: cell, senderIp: back(packet.senderIp) }
      : packet.kind === "ip"
        ? { target: cell, source: back(packet.source) }
        : {},
  );
}
