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
import type { Writer } from "./trace.ts";

export interface Answer {
  readonly mac: Mac;
  /** Absent: the host. */
  readonly endpoint?: Plan;
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
  if (endpoint === undefined) return undefined;
  const { vnic, port } = endpoint;
  return { mac: vnic.mac, endpoint, value: `${vnic.mac}, port ${port.name}`, writer: byEndpoint(endpoint) };
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
  return [...others, ...host];
}

/** A sentence for the case that nobody has it. */
export const attachRemedy = ({ name }: SceneNetwork, address: Ip): string =>
  `No container that is attached to network ${name} has ${address}: \`vswitch show\` lists those there are.`;
