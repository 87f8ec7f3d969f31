/** Whom the host gives the packet to: a port of a switch of ours, or a neighbour beyond. */
import type { Ip } from "../../../addr/ip.ts";
import { hostPrefix } from "../../../addr/prefix.ts";
import type { SceneInterface, SceneNetwork } from "../../scene.ts";
import { isBridge } from "../../switch.ts";
import { addressCell } from "../consulted.ts";
import {
  addressesOf,
  byEndpoint,
  endpointsOn,
  findInterface,
  hostPlace,
  kernel,
  networkOf,
  networkOfSwitch,
} from "../find.ts";
import { broadcasts, groupMac, limitedBroadcast, multicast, noMac } from "../groups.ts";
import { drop, ipLayer, type Opening, type Passage, pass } from "../layer.ts";
import { type Fault, switchFault, tunnelFault } from "../link.ts";
import { byDirectory, type OverlayNetwork, peerBehind, routedTunnel } from "../remote.ts";
import { type Adapter, adaptersOf, meetsInKernel, uplinkFault, vnicApart, vnicsOn } from "../uplink.ts";
import { consult, type IpWalk, rewrite } from "../walk.ts";
import { answerCell, attachRemedy, switchMac, whoHas } from "../who-has.ts";

export const hostNeighbour = ipLayer((walk) => {
  const { scene, packet, out = "", nextHop = packet.destination } = walk;
  const opening: Opening = {
    id: "host.neighbour",
    where: hostPlace,
    object: `neighbours on ${out}`,
    key: nextHop,
    writer: kernel,
  };
  const network = networkOfSwitch(scene, out);
  if (network !== undefined) return toSwitch(walk, opening, network, nextHop);
  const tunnelled = routedTunnel(scene, out);
  if (tunnelled !== undefined) return toTunnel(walk, opening, tunnelled, nextHop);
  const adapter = adaptersOf(scene).find(({ name }) => name === out);
  if (adapter !== undefined) return toUplink(walk, opening, adapter, nextHop);
  const apart = vnicsOn(scene, out).find((plan) => addressesOf(plan).includes(nextHop));
  const asked = askVnics(walk, out, nextHop);
  if (apart !== undefined) return drop(asked, opening, "nobody answers", vnicApart(apart));
  const link = findInterface(scene, out);
  if (link?.up === true) return leave(asked, opening, link, nextHop);
  return drop(asked, opening, link === undefined ? "no such interface" : "down", {
    reason: "link-down",
    by: link === undefined ? `there is no interface ${out}` : `${out} is down`,
    remedy: `\`ip link set ${out} up\`.`,
  });
});

function toSwitch(
  { entered: _entered, ...walk }: IpWalk,
  opening: Opening,
  network: SceneNetwork,
  nextHop: Ip,
): Passage {
  const { scene, packet } = walk;
  const fault = switchFault(scene, network);
  if (fault !== undefined) return drop(walk, opening, fault.by, fault);
  const subnets = network.switch.gateways;
  const groups = [...multicast, ...[limitedBroadcast, ...broadcasts(subnets)].map(hostPrefix)];
  const { destination } = packet;
  const cell =
    nextHop === destination
      ? answerCell(scene, network, destination, groups)
      : addressCell(destination, groups);
  const asked = rewrite(consult(walk, { destination: cell }), { sourceMac: switchMac(scene, network) });
  const group = groupMac(destination, subnets);
  if (group !== undefined) return flood(rewrite(asked, { destinationMac: group }), opening, network);
  const answer = whoHas(scene, network, nextHop);
  if (answer?.remote === true)
    return pass(
      { ...rewrite(asked, { destinationMac: answer.mac }), network },
      { ...opening, writer: answer.writer },
      answer.value,
      "forward",
      "bridge.tunnel",
    );
  const bridge = findInterface(scene, network.switch.name);
  // Of a bridge that leads to the wire by its uplink.
  if (answer?.endpoint === undefined && isBridge(network.switch) && bridge !== undefined)
    return leave(asked, opening, bridge, nextHop);
  if (answer?.endpoint === undefined)
    return drop(asked, opening, "nobody answers", {
      reason: "no-neighbour",
      by: `no such address on switch ${network.switch.name}: ${nextHop}`,
      remedy: attachRemedy(network, nextHop),
    });
  const { endpoint, mac, value } = answer;
  const sent = { ...rewrite(asked, { destinationMac: mac }), endpoint, network };
  return pass(sent, { ...opening, writer: byEndpoint(endpoint) }, value, "forward", "port.in");
}

/** To another host of an overlay network: the neighbour stands for its MAC, and nobody is asked. */
function toTunnel(
  { entered: _entered, ...walk }: IpWalk,
  opening: Opening,
  network: OverlayNetwork,
  nextHop: Ip,
): Passage {
  const { scene } = walk;
  const { tunnel } = network.switch;
  const fault = tunnelFault(scene, network);
  if (fault !== undefined) return drop(walk, opening, fault.by, fault);
  const found = scene.host.neighbours.find((one) => one.interface === tunnel.name && one.address === nextHop);
  if (found === undefined)
    return drop(walk, opening, "no row", {
      reason: "no-neighbour",
      by: `no neighbour of ${tunnel.name} is ${nextHop}, and nobody there answers who has it`,
      remedy: `\`vswitch repair\` writes the rows of the other hosts of network ${network.name} again.`,
    });
  const sourceMac = findInterface(scene, tunnel.name)?.mac ?? noMac;
  const sent = { ...rewrite(walk, { sourceMac, destinationMac: found.mac }), network };
  const node = peerBehind(network, found.mac)?.node;
  const value = node === undefined ? found.mac : `${found.mac}, the router of ${node}`;
  return pass(sent, { ...opening, writer: byDirectory(network) }, value, "forward", "tunnel.out");
}

/** How much of the address decides that it is a vNIC's which hangs there. */
function askVnics(walk: IpWalk, out: string, nextHop: Ip): IpWalk {
  const { destination } = walk.packet;
  const own = vnicsOn(walk.scene, out).flatMap(addressesOf).map(hostPrefix);
  return nextHop === destination && own.length > 0
    ? consult(walk, { destination: addressCell(destination, own) })
    : walk;
}

/** By the host's own adapter to a vNIC beside it; what nobody there has is asked for on the wire. */
function toUplink(
  { entered: _entered, ...walk }: IpWalk,
  opening: Opening,
  adapter: Adapter,
  nextHop: Ip,
): Passage {
  const { scene } = walk;
  const { lower } = adapter.switch;
  const link = findInterface(scene, adapter.name);
  if (link === undefined) return drop(walk, opening, "no such interface", vanished(adapter));
  const fault = uplinkFault(scene, adapter.switch) ?? downFault(link);
  if (fault !== undefined) return drop(walk, opening, fault.by, fault);
  const asked = askVnics(walk, lower, nextHop);
  const endpoint = vnicsOn(scene, lower).find((plan) => addressesOf(plan).includes(nextHop));
  if (endpoint === undefined) return leave(asked, opening, link, nextHop);
  if (!meetsInKernel(endpoint.switch)) return drop(asked, opening, "nobody answers", vnicApart(endpoint));
  const { mac } = endpoint.vnic;
  const sent = rewrite(asked, { sourceMac: link.mac ?? noMac, destinationMac: mac });
  const there = { ...sent, endpoint, network: networkOf(scene, endpoint) };
  return pass(there, { ...opening, writer: byEndpoint(endpoint) }, mac, "forward", "compartment.in");
}

const vanished = ({ name, network }: Adapter): Fault => ({
  reason: "no-port",
  by: `there is no interface ${name}`,
  remedy: `\`vswitch repair\` makes the host's adapter of network ${network} anew.`,
});

const downFault = ({ name, up }: SceneInterface): Fault | undefined =>
  up
    ? undefined
    : {
        reason: "link-down",
        by: `${name} is down`,
        remedy: `\`ip link set ${name} up\`, or \`vswitch repair\`.`,
      };

function flood(walk: IpWalk, opening: Opening, network: SceneNetwork): Passage {
  const ports = endpointsOn(walk.scene, network);
  const stage = {
    ...opening,
    value: `${ports.length} ports of ${network.switch.name}`,
    decision: "forward",
  } as const;
  const branches = ports.map(
    (endpoint) => ({ walk: { ...walk, endpoint, network }, to: "port.in" }) as const,
  );
  return { kind: "fork", walk: { ...walk, network }, stage, branches };
}

function leave(walk: IpWalk, opening: Opening, link: SceneInterface, nextHop: Ip): Passage {
  const known = walk.scene.host.neighbours.find(
    (one) => one.interface === link.name && one.address === nextHop,
  );
  const sent = rewrite(walk, { sourceMac: link.mac ?? noMac, destinationMac: known?.mac ?? noMac });
  const { packet } = sent;
  return {
    kind: "end",
    walk: sent,
    stage: { ...opening, value: known?.mac ?? "asked for when it is sent", decision: "leave" },
    verdict: { kind: "leaves", interface: link.name, source: packet.source, packet },
  };
}
