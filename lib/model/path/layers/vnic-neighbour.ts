/** The MAC of the next hop, for which the compartment asks its link. */
import { type Ip, ipFamily } from "../../../addr/ip.ts";
import { hostPrefix } from "../../../addr/prefix.ts";
import { isBridge } from "../../switch.ts";
import { addressCell } from "../consulted.ts";
import { kernel, stackName, stackPlace } from "../find.ts";
import { broadcasts, groupMac, limitedBroadcast, multicast } from "../groups.ts";
import { atEndpoint, drop, ipLayer, type Opening, type Passage, pass } from "../layer.ts";
import { isStackedPlan, uplinkPrefixes } from "../uplink.ts";
import { consult, type EndpointWalk, type IpWalk, rewrite } from "../walk.ts";
import { answerPrefixes, attachRemedy, whoHas } from "../who-has.ts";
import { askUplink } from "./uplink-neighbour.ts";

export const vnicNeighbour = atEndpoint(
  ipLayer((walk) => {
    const { endpoint, network, scene } = walk;
    const { destination } = walk.packet;
    const { addresses } = endpoint.vnic;
    const nextHop = walk.nextHop ?? destination;
    const opening: Opening = {
      id: "vnic.neighbour",
      where: stackPlace(endpoint),
      object: `neighbours of ${stackName(endpoint)}`,
      key: nextHop,
      writer: kernel,
    };
    const groups = [...multicast, ...[limitedBroadcast, ...broadcasts(addresses)].map(hostPrefix)];
    const isNext = nextHop === destination;
    const asked = consult(walk, {
      destination: isNext
        ? addressCell(destination, [...answering(walk), ...groups])
        : addressCell(destination, groups),
    });
    const group = groupMac(destination, addresses);
    if (group !== undefined)
      return send(rewrite(asked, { destinationMac: group }), { ...opening, key: destination }, group);
    if (isStackedPlan(endpoint)) return askUplink(asked, endpoint, opening, nextHop);
    const answer = whoHas(scene, network, nextHop);
    // The uplink is a port of the bridge: what nobody here has is asked for on the wire.
    if (answer === undefined && isBridge(network.switch))
      return send(asked, opening, "somebody on the wire, asked for when it is sent");
    if (answer === undefined) return nobody(asked, opening, nextHop);
    const { mac, value, writer } = answer;
    return send(rewrite(asked, { destinationMac: mac }), { ...opening, writer }, value);
  }),
);

/** Prefixes that decide who answers. */
const answering = ({ scene, endpoint, network }: EndpointWalk) =>
  isStackedPlan(endpoint) ? uplinkPrefixes(scene, endpoint.switch.lower) : answerPrefixes(scene, network);

/** From here on it is a packet with all its fields. */
const send = (walk: IpWalk, opening: Opening, value: string): Passage =>
  pass({ ...walk, origin: walk.packet }, opening, value, "forward");

function nobody(walk: IpWalk, opening: Opening, nextHop: Ip): Passage {
  const { network } = walk;
  const asks = ipFamily(nextHop) === 4 ? "ARP" : "neighbour solicitation";
  return drop(walk, opening, `nobody answers ${asks}`, {
    reason: "no-neighbour",
    by: `no such address on switch ${network?.switch.name}: ${nextHop}`,
    remedy: network === undefined ? "" : attachRemedy(network, nextHop),
  });
}
