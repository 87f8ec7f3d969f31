/** Who answers for an address on a switch: the answer to ARP and to neighbour solicitation. */
import { type Ip, ipFamily } from "../../addr/ip.ts";
import type { Mac } from "../../addr/mac.ts";
import { contains, hostPrefix, type Prefix, prefixAddress } from "../../addr/prefix.ts";
import type { Plan } from "../plan.ts";
import type { Scene, SceneNetwork } from "../scene.ts";
import { isRouted } from "../switch.ts";
import { addressCell, type Cell } from "./consulted.ts";
import {
  addressesOf,
  byEndpoint,
  byNetwork,
  endpointAt,
  endpointsOn,
  findInterface,
  localPrefixes,
} from "./find.ts";
import { noMac } from "./groups.ts";
import { byDirectory, directoryWords, isOverlayNetwork, peerWith, remoteNeighbours } from "./remote.ts";
import type { Writer } from "./trace.ts";

export interface Answer {
  readonly mac: Mac;
  /** Absent: the host, or one on another host. */
  readonly endpoint?: Plan;
  /** It is on another host, and the switch answers in its place. */
  readonly remote?: true;
  /** In words. */
  readonly value: string;
  readonly writer: Writer;
}

/** The MAC that the bridge has, whatever was planned. */
export const switchMac = (scene: Scene, { switch: vswitch }: SceneNetwork): Mac =>
  findInterface(scene, vswitch.name)?.mac ?? vswitch.mac ?? noMac;

/** @returns undefined when nobody does */
export function whoHas(scene: Scene, network: SceneNetwork, address: Ip): Answer | undefined {
  const own = switchMac(scene, network);
  if (hostAnswers(scene, network, address))
    return { mac: own, value: `${own}, the host`, writer: byNetwork(network) };
  const endpoint = endpointAt(scene, network, address);
  // Towards routed containers the host answers for all that is beyond it.
  if (endpoint === undefined && isRouted(network.switch))
    return { mac: own, value: `${own}, the host in its place`, writer: byNetwork(network) };
  if (endpoint === undefined) return remoteAnswer(scene, network, address);
  const { vnic, port } = endpoint;
  return { mac: vnic.mac, endpoint, value: `${vnic.mac}, port ${port.name}`, writer: byEndpoint(endpoint) };
}

/** Of a container on another host, in an overlay network of the mode `stretched`. */
function remoteAnswer(scene: Scene, network: SceneNetwork, address: Ip): Answer | undefined {
  if (!isOverlayNetwork(network)) return undefined;
  const found = remoteNeighbours(scene, network).find((one) => one.address === address);
  if (found === undefined) return undefined;
  const node = peerWith(network, address)?.node;
  const place = node === undefined ? "one on another host" : `one on ${node}`;
  return {
    mac: found.mac,
    remote: true,
    value: `${found.mac}, the switch in the place of ${place}`,
    writer: byDirectory(network),
  };
}

/** The host answers for each of its IPv4 addresses on any link (arp_ignore 0), for those of IPv6 on their own. */
function hostAnswers(scene: Scene, { switch: vswitch }: SceneNetwork, address: Ip): boolean {
  if (ipFamily(address) === 4) return localPrefixes(scene).some((prefix) => contains(prefix, address));
  const bridge = findInterface(scene, vswitch.name);
  return bridge?.addresses.some((one) => prefixAddress(one) === address) ?? false;
}

/** How much of an address decides who answers. @param also prefixes that the asker knows by themselves */
export function answerCell(
  scene: Scene,
  network: SceneNetwork,
  address: Ip,
  also: readonly Prefix[] = [],
): Cell {
  return addressCell(address, [...answerPrefixes(scene, network), ...also]);
}

/** Prefixes with which an address is compared to know who answers. */
export function answerPrefixes(scene: Scene, network: SceneNetwork): readonly Prefix[] {
  const others = endpointsOn(scene, network).flatMap(addressesOf).map(hostPrefix);
  const bridge = findInterface(scene, network.switch.name)?.addresses ?? [];
  const host = [...localPrefixes(scene), ...bridge.map((own) => hostPrefix(prefixAddress(own)))];
  const remote = isOverlayNetwork(network) ? remoteNeighbours(scene, network) : [];
  return [...others, ...host, ...remote.map((one) => hostPrefix(one.address))];
}

/** A sentence for the case that nobody has it. */
export function attachRemedy(network: SceneNetwork, address: Ip): string {
  const { name } = network;
  const peer = isOverlayNetwork(network) ? peerWith(network, address) : undefined;
  if (isOverlayNetwork(network) && peer !== undefined)
    return `${capital(directoryWords(network))} says that ${peer.node} has it: \`vswitch repair\` writes the rows by which the switch knows.`;
  const further =
    isOverlayNetwork(network) && network.switch.mode === "stretched"
      ? `, and ${directoryWords(network)} names none on another host`
      : "";
  return `No container that is attached to network ${name} has ${address}${further}: \`vswitch show\` lists those there are.`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
