/** What comes from the wire to an interface on which vNICs hang: by its destination MAC it is theirs, or the host's. */
import { hostPrefix } from "../../../addr/prefix.ts";
import type { SceneNetwork } from "../../scene.ts";
import { isBridge } from "../../switch.ts";
import { addressCell, valueCell } from "../consulted.ts";
import { addressesOf, byEndpoint, endpointsOn, findInterface, kernel, networkOf } from "../find.ts";
import { isGroupMac, noMac } from "../groups.ts";
import { type Branch, isIp, type Layer, type Opening, type Passage, pass, skip } from "../layer.ts";
import { switchFault } from "../link.ts";
import {
  adapterLink,
  adaptersOn,
  hasOwnMac,
  holderOf,
  type StackedPlan,
  takesAll,
  uplinkPlace,
  vnicsOn,
} from "../uplink.ts";
import { consult, type IpWalk, rewrite, type Walk } from "../walk.ts";

export const uplinkArrival: Layer = (walk) => {
  const { scene, in: lower, packet } = walk;
  // A network without containers is known still, and its uplink may have been given back.
  const bridged = scene.networks.find(
    ({ switch: one }) =>
      isBridge(one) &&
      [one.lower, one.name].includes(lower ?? "") &&
      findInterface(scene, one.lower)?.master === one.name,
  );
  if (bridged !== undefined) return intoBridge(walk, bridged);
  const vnics = vnicsOn(scene, lower);
  const adapters = adaptersOn(scene, lower);
  const isIdle = vnics.length + adapters.length === 0 || findInterface(scene, lower)?.up !== true;
  if (lower === undefined || isIdle) return skip(walk);
  const opening: Opening = {
    id: "uplink.arrival",
    where: uplinkPlace(lower),
    object: "MACs on the uplink",
    key: packet.destinationMac,
    writer: kernel,
  };
  const mac = packet.destinationMac;
  // Who sends it has asked for the address, where the packet does not say whom it is for.
  if (mac === noMac) return isIp(walk) ? byAddress(walk, opening, vnics) : skip(walk);
  const byMac = consult(walk, { destinationMac: valueCell(mac) });
  const asked = vnics.every(hasOwnMac) ? byMac : askAddress(byMac, vnics);
  if (isGroupMac(mac)) return toAll(asked, opening, vnics);
  const only = vnics.find((one) => takesAll(one.switch));
  if (only !== undefined) return toVnic(asked, opening, only, "all that arrives is its");
  const holder = holderOf(scene, lower, packet);
  if (holder?.kind === "endpoint") return toVnic(asked, opening, holder.endpoint, mac);
  if (holder === undefined) return skip(asked);
  const { name } = holder.adapter;
  return pass({ ...asked, in: name }, opening, `the host's adapter ${name}`, "forward", "host.in");
};

/** By a port of a bridge: to another one, or to the host, which has its addresses there. */
function intoBridge(walk: Walk, network: SceneNetwork): Passage {
  const { scene, packet } = walk;
  const { name } = network.switch;
  const host = { ...walk, in: name };
  if (packet.kind !== "ip" || switchFault(scene, network) !== undefined) return skip(host);
  const { destinationMac: mac, destination } = packet;
  const opening: Opening = {
    id: "uplink.arrival",
    where: uplinkPlace(walk.in ?? name),
    object: `MACs on ${name}`,
    key: mac === noMac ? destination : mac,
    writer: kernel,
  };
  const vnics = endpointsOn(scene, network);
  const own = vnics.flatMap(addressesOf).map(hostPrefix);
  const asked = consult(
    host,
    mac === noMac ? { destination: addressCell(destination, own) } : { destinationMac: valueCell(mac) },
  );
  if (isGroupMac(mac)) {
    const { in: from = name, ...rest } = walk;
    const ports = vnics.map(
      (endpoint): Branch => ({ walk: { ...rest, endpoint, network, entered: from }, to: "port.in" }),
    );
    const value = `${vnics.length} port${vnics.length === 1 ? "" : "s"} and the host`;
    const stage = { ...opening, value, decision: "forward" } as const;
    return { kind: "fork", walk: asked, stage, branches: [...ports, { walk: asked, to: "host.in" }] };
  }
  const endpoint = vnics.find((plan) =>
    mac === noMac ? addressesOf(plan).includes(destination) : plan.vnic.mac === mac,
  );
  if (endpoint === undefined || !isIp(asked)) return skip(asked);
  const { in: _in, ...rest } = rewrite(asked, { destinationMac: endpoint.vnic.mac });
  const there = { ...rest, endpoint, network, entered: walk.in ?? name };
  return pass(there, { ...opening, writer: byEndpoint(endpoint) }, endpoint.vnic.mac, "forward", "port.in");
}

/** Among vNICs with the uplink's MAC the address decides. */
function askAddress(walk: Walk, vnics: readonly StackedPlan[]): Walk {
  if (walk.packet.kind !== "ip") return walk;
  const own = vnics.flatMap(addressesOf).map(hostPrefix);
  return consult(walk, { destination: addressCell(walk.packet.destination, own) });
}

function byAddress(walk: IpWalk, opening: Opening, vnics: readonly StackedPlan[]): Passage {
  const { destination } = walk.packet;
  const own = vnics.flatMap(addressesOf).map(hostPrefix);
  if (own.length === 0) return skip(walk);
  const asked = consult(walk, { destination: addressCell(destination, own) });
  const holder = vnics.find((plan) => addressesOf(plan).includes(destination));
  if (holder === undefined) return skip(asked);
  const { mac } = holder.vnic;
  const sent = rewrite(asked, { destinationMac: mac });
  return toVnic({ ...sent, origin: sent.packet }, { ...opening, key: destination }, holder, mac);
}

function toVnic(walk: Walk, opening: Opening, endpoint: StackedPlan, value: string): Passage {
  const { in: _in, ...rest } = walk;
  const there = { ...rest, endpoint, network: networkOf(walk.scene, endpoint) };
  return pass(there, { ...opening, writer: byEndpoint(endpoint) }, value, "forward", "compartment.in");
}

function toAll(walk: Walk, opening: Opening, vnics: readonly StackedPlan[]): Passage {
  const { scene, in: lower } = walk;
  const { in: _in, ...rest } = walk;
  const up = adaptersOn(scene, lower).filter((one) => adapterLink(scene, one)?.up === true);
  const hosts = [lower, ...up.map(({ name }) => name)].flatMap((name) => name ?? []);
  const isIpPacket = walk.packet.kind === "ip";
  const branches: Branch[] = [
    ...vnics.map(
      (endpoint) =>
        ({ walk: { ...rest, endpoint, network: networkOf(scene, endpoint) }, to: "compartment.in" }) as const,
    ),
    ...(isIpPacket ? hosts.map((name) => ({ walk: { ...walk, in: name }, to: "host.in" }) as const) : []),
  ];
  const value = `${vnics.length} vNIC${vnics.length === 1 ? "" : "s"} and the host`;
  return { kind: "fork", walk, stage: { ...opening, value, decision: "forward" }, branches };
}
