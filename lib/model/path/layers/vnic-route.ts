/** The compartment's own routing: whom is it for, over which neighbour, and does it fit. */
import { type Ip, ipFamily, isLoopback } from "../../../addr/ip.ts";
import { hostPrefix, prefixFamily } from "../../../addr/prefix.ts";
import { formatOwner } from "../../owner.ts";
import { isVmPlan } from "../../vm-nic.ts";
import { addressCell, rangeCell } from "../consulted.ts";
import { addressesOf, byEndpoint, kernel, stackName, stackPlace } from "../find.ts";
import { isMulticast, loopbacks } from "../groups.ts";
import { choosesAddresses, ownChoice } from "../guest.ts";
import { ask, atEndpoint, deliver, drop, ipLayer, type Opening, type Passage, pass } from "../layer.ts";
import { bestRoute, routeCell, type VnicRoute, vnicRoutes } from "../routes.ts";
import { consult, type EndpointWalk, type IpWalk } from "../walk.ts";

type Here = EndpointWalk & IpWalk;

export const vnicRoute = atEndpoint(
  ipLayer((walk) => {
    const { endpoint } = walk;
    const { destination } = walk.packet;
    const opening: Opening = {
      id: "vnic.route",
      where: stackPlace(endpoint),
      object: `routes of ${stackName(endpoint)}`,
      key: destination,
      writer: byEndpoint(endpoint),
    };
    if (choosesAddresses(endpoint))
      return ask(walk, opening, `the guest's addresses and routes: ${ownChoice}`);
    const family = ipFamily(destination);
    if (!endpoint.vnic.addresses.some((address) => prefixFamily(address) === family))
      return noAddress(walk, opening, family);
    const own = addressesOf(endpoint);
    const known = [...own.map(hostPrefix), ...loopbacks];
    const asked = consult(walk, { destination: addressCell(destination, known) });
    if (!isLoopback(destination) && !own.includes(destination)) return route(asked, opening);
    // The host's loopback is not to be had this way.
    const to = { kind: "endpoint", owner: formatOwner(endpoint.owner) } as const;
    return deliver(
      asked,
      { ...opening, writer: kernel },
      isVmPlan(endpoint) ? "the guest's own" : "the compartment's own",
      to,
    );
  }),
);

/** The family alone decides. */
function noAddress(walk: Here, opening: Opening, family: 4 | 6): Passage {
  const asked = consult(walk, { destination: addressCell(walk.packet.destination, []) });
  const value = `${walk.endpoint.vnic.name} has no IPv${family} address`;
  return drop(asked, opening, value, {
    reason: "no-address",
    by: value,
    remedy: `Give network ${walk.network.name} an IPv${family} range and attach the container again.`,
  });
}

function route(walk: Here, opening: Opening): Passage {
  const { destination } = walk.packet;
  const routes = vnicRoutes(walk.endpoint);
  const asked = consult(walk, { destination: routeCell(routes, destination) });
  const found = bestRoute(routes, destination) ?? onEveryLink(destination);
  if (found !== undefined) return send(asked, opening, found);
  return drop(asked, opening, "no route", {
    reason: "no-route",
    by: isVmPlan(walk.endpoint)
      ? `no route that the guest was given leads to ${destination}`
      : `no route of the compartment leads to ${destination}`,
    remedy: `Give the network a route to ${destination} ("ipam": {"routes": ...}) or a default route.`,
  });
}

/** Multicast of IPv6. */
function onEveryLink(destination: Ip): VnicRoute | undefined {
  const isOn = ipFamily(destination) === 6 && isMulticast(destination);
  return isOn ? { destination: hostPrefix(destination), priority: 0 } : undefined;
}

function send(walk: Here, opening: Opening, way: VnicRoute): Passage {
  const { name } = walk.endpoint.vnic;
  const { destination, gateway, mtu = walk.endpoint.vnic.mtu } = way;
  const { bytes = 0 } = walk.packet;
  const asked = consult(walk, { bytes: rangeCell(bytes, [{ last: mtu }]) });
  if (bytes > mtu)
    return drop(asked, opening, `MTU ${mtu}`, {
      reason: "mtu",
      by: `${name} takes ${mtu} bytes, the packet has ${bytes}`,
      remedy: `The sender must send at most ${mtu} bytes, or let its packets be fragmented.`,
    });
  const value = `${destination}${gateway === undefined ? "" : ` via ${gateway}`} dev ${name}`;
  return pass({ ...asked, nextHop: gateway ?? walk.packet.destination }, opening, value, "forward");
}
