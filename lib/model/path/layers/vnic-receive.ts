/** The compartment takes what is for its MAC and its addresses, and what is for all. */
import { hostPrefix } from "../../../addr/prefix.ts";
import { formatOwner } from "../../owner.ts";
import { addressCell } from "../consulted.ts";
import { addressesOf, kernel, stackName, stackPlace } from "../find.ts";
import { formatFlow } from "../format-flow.ts";
import { broadcasts, isMulticast, limitedBroadcast, loopbacks, multicast } from "../groups.ts";
import { choosesAddresses, ownChoice } from "../guest.ts";
import { ask, atEndpoint, deliver, drop, type Opening } from "../layer.ts";
import { consult, type EndpointWalk } from "../walk.ts";

export const vnicReceive = atEndpoint((walk) => {
  const { endpoint, packet } = walk;
  const owner = formatOwner(endpoint.owner);
  const opening: Opening = {
    id: "vnic",
    where: stackPlace(endpoint),
    object: `addresses of ${stackName(endpoint)}`,
    key: formatFlow(packet),
    writer: kernel,
  };
  const to = { kind: "endpoint", owner } as const;
  if (packet.kind === "arp") return deliver(walk, opening, "answers", to);
  if (packet.kind === "other") return deliver(walk, opening, "takes the frame", to);
  const { destination } = packet;
  const all = [limitedBroadcast, ...broadcasts(endpoint.vnic.addresses)];
  const own = [...addressesOf(endpoint), ...all];
  const asked: EndpointWalk = consult(walk, {
    destination: addressCell(destination, [...own.map(hostPrefix), ...multicast, ...loopbacks]),
  });
  if (own.includes(destination) || isMulticast(destination))
    return deliver(asked, opening, isMulticast(destination) ? "a group" : "its own", to);
  if (choosesAddresses(endpoint))
    return ask(asked, opening, `whether the guest has ${destination}: ${ownChoice}`);
  return drop(asked, opening, "not its own", {
    reason: "not-its-address",
    by: `${owner} does not have ${destination}`,
    remedy: "The frame went to the wrong MAC, or a route of the host names the container as a gateway.",
  });
});
