/**
 * What hangs on an uplink: vNICs of one or several networks, and the host's adapters beside them.
 *
 * drivers/net/macvlan.c: those in mode bridge reach each other within the kernel, the others send everything to the wire;
 * none reaches the interface that it hangs on, nor that them.
 */
import type { Ip } from "../../addr/ip.ts";
import { linkLocal } from "../../addr/mac.ts";
import { contains, hostPrefix, type Prefix, prefixAddress } from "../../addr/prefix.ts";
import type { Packet } from "../../policy/packet.ts";
import { formatOwner } from "../owner.ts";
import type { Plan } from "../plan.ts";
import type { Scene, SceneInterface } from "../scene.ts";
import { type AnyExternalSwitch, type HostAdapter, isStacked, type StackedSwitch } from "../switch.ts";
import { addressesOf, findInterface, localPrefixes } from "./find.ts";
import type { Fault } from "./link.ts";
import type { Place } from "./trace.ts";
import { wayTo } from "./way.ts";

export type StackedPlan = Plan<StackedSwitch>;

/** The host's own adapter of a network. */
export interface Adapter extends HostAdapter {
  readonly network: string;
  readonly switch: StackedSwitch;
}

export const isStackedPlan = (plan: Plan): plan is StackedPlan => isStacked(plan.switch);

export const uplinkPlace = (name: string): Place => ({ kind: "uplink", name });

export const vnicsOn = ({ endpoints }: Scene, lower: string | undefined): readonly StackedPlan[] =>
  endpoints.filter(isStackedPlan).filter((plan) => plan.switch.lower === lower);

/** Of the networks that have one, whether it is there or not. */
export const adaptersOf = ({ networks }: Scene): readonly Adapter[] =>
  networks.flatMap(({ name, switch: vswitch }) =>
    isStacked(vswitch) && vswitch.host !== undefined
      ? [{ ...vswitch.host, network: name, switch: vswitch }]
      : [],
  );

export const adaptersOn = (scene: Scene, lower: string | undefined): readonly Adapter[] =>
  adaptersOf(scene).filter((one) => one.switch.lower === lower);

export const adapterLink = (scene: Scene, { name }: Adapter): SceneInterface | undefined =>
  findInterface(scene, name);

/** Whether what its vNICs send to each other stays within the kernel. */
export function meetsInKernel(vswitch: StackedSwitch): boolean {
  switch (vswitch.kind) {
    case "macvlan":
      return vswitch.mode === "bridge";
    case "ipvlan":
      return true;
  }
}

/** Whether all that arrives on the wire is one vNIC's, whatever MAC it is for. */
export function takesAll(vswitch: StackedSwitch): boolean {
  return vswitch.kind === "macvlan" && vswitch.mode === "passthru";
}

/** In a word, for people: `macvlan, mode bridge`. */
export const wordsOfKind = ({ kind, mode }: StackedSwitch): string => `${kind}, mode ${mode}`;

export type Neighbour =
  | { readonly kind: "endpoint"; readonly endpoint: StackedPlan }
  | { readonly kind: "adapter"; readonly adapter: Adapter }
  /** It is there, and out of reach. */
  | { readonly kind: "apart"; readonly fault: Fault }
  /** Nobody here has it: somebody on the wire may. */
  | { readonly kind: "wire" };

/** Who answers a vNIC that asks for an address. @param source of the asker */
export function neighbourOf(scene: Scene, asker: StackedPlan, source: Ip, address: Ip): Neighbour {
  const { switch: vswitch } = asker;
  const adapter = meetsInKernel(vswitch) ? answering(scene, vswitch, source, address) : undefined;
  if (adapter !== undefined) return { kind: "adapter", adapter };
  const endpoint = vnicsOn(scene, vswitch.lower).find(
    (plan) => plan.key !== asker.key && addressesOf(plan).includes(address),
  );
  if (endpoint !== undefined) return toSibling(asker, endpoint);
  const adapters = adaptersOn(scene, vswitch.lower);
  const lost = adapters.some(({ mac }) => linkLocal(mac) === address);
  const isHost = lost || localPrefixes(scene).some((prefix) => contains(prefix, address));
  return isHost ? { kind: "apart", fault: hostApart(asker, address) } : { kind: "wire" };
}

/** The host's adapters answer for its IPv4 addresses to those that it reaches by them (arp_filter), and for their own. */
function answering(scene: Scene, { lower }: StackedSwitch, source: Ip, address: Ip): Adapter | undefined {
  return adaptersOn(scene, lower).find((adapter) => {
    const link = adapterLink(scene, adapter);
    if (link?.up !== true) return false;
    if (address.includes(":")) return link.addresses.some((own) => prefixAddress(own) === address);
    if (!localPrefixes(scene).some((prefix) => contains(prefix, address))) return false;
    const back = wayTo(scene, source);
    return back.kind === "via" && back.interface === adapter.name;
  });
}

/** The answer of a sibling that is not reached in the kernel would have to come back from the wire. */
function toSibling(asker: StackedPlan, endpoint: StackedPlan): Neighbour {
  const [from, to] = [asker.switch, endpoint.switch];
  if (meetsInKernel(from) && meetsInKernel(to)) return { kind: "endpoint", endpoint };
  // The next switch may send it back: what mode vepa is for.
  if (from.mode === "vepa" && to.mode === "vepa") return { kind: "wire" };
  return { kind: "apart", fault: siblingApart(asker, endpoint) };
}

function siblingApart({ switch: from }: StackedPlan, { switch: to, owner }: StackedPlan): Fault {
  const closed = meetsInKernel(from) ? to : from;
  return {
    reason: "isolated",
    by: `${formatOwner(owner)} hangs on ${to.lower} too, and vNICs of network ${closed.network} (${wordsOfKind(closed)}) reach no other on this host`,
    remedy: `Give network ${closed.network} "mode": "bridge", if its containers shall reach each other.`,
  };
}

/** Of a vNIC that looks for the host. */
function hostApart({ switch: vswitch }: StackedPlan, address: Ip): Fault {
  return {
    reason: "host-apart",
    by: `${address} is the host's own, and a ${vswitch.kind} does not reach the host by ${vswitch.lower}, on which it hangs`,
    remedy: hostAccessRemedy(vswitch),
  };
}

/** Of the host that looks for a vNIC. */
export function vnicApart({ switch: vswitch, owner }: StackedPlan): Fault {
  return {
    reason: "host-apart",
    by: `${formatOwner(owner)} hangs on ${vswitch.lower}, by which the host itself does not reach it`,
    remedy: hostAccessRemedy(vswitch),
  };
}

function hostAccessRemedy(vswitch: StackedSwitch): string {
  const { network, host } = vswitch;
  if (vswitch.kind === "ipvlan")
    return `Give network ${network} "switch": "routed": its containers and the host reach each other.`;
  if (host !== undefined)
    return `The host's adapter ${host.name} or its route is amiss: \`vswitch repair\` puts them back.`;
  const mode = meetsInKernel(vswitch) ? "" : ` and "mode": "bridge"`;
  return `Set "hostAccess": true${mode} on network ${network}: the host then has an adapter of its own beside the containers.`;
}

/** @returns undefined when frames pass */
export function uplinkFault(scene: Scene, { lower, uplink, network }: AnyExternalSwitch): Fault | undefined {
  for (const name of new Set([lower, uplink])) {
    const link = findInterface(scene, name);
    if (link === undefined)
      return {
        reason: "no-uplink",
        by: `there is no interface ${name}`,
        remedy: `Bring it back and restart the containers of network ${network}: their vNICs went with it.`,
      };
    if (!link.up)
      return { reason: "link-down", by: `${name} is down`, remedy: `\`ip link set ${name} up\`.` };
    if (link.carrier === false)
      return {
        reason: "link-down",
        by: `${name} has no carrier, so that nothing that hangs on it sends`,
        remedy: "Look at its cable, and at the port of the switch it leads to.",
      };
  }
  return undefined;
}

/** Whom a MAC belongs to among those that hang there. */
export type Holder =
  | { readonly kind: "endpoint"; readonly endpoint: StackedPlan }
  | { readonly kind: "adapter"; readonly adapter: Adapter };

/** @param packet vNICs that share the uplink's MAC are told apart by their addresses (drivers/net/ipvlan/ipvlan_core.c) */
export function holderOf(
  scene: Scene,
  lower: string | undefined,
  { destinationMac: mac, ...packet }: Packet,
): Holder | undefined {
  const adapter = adaptersOn(scene, lower).find((one) => adapterLink(scene, one)?.mac === mac);
  if (adapter !== undefined) return { kind: "adapter", adapter };
  const address = "destination" in packet ? packet.destination : undefined;
  const endpoint = vnicsOn(scene, lower).find(
    (plan) => plan.vnic.mac === mac && (hasOwnMac(plan) || hasAddress(plan, address)),
  );
  return endpoint && { kind: "endpoint", endpoint };
}

export const hasOwnMac = ({ switch: vswitch }: StackedPlan): boolean => vswitch.kind === "macvlan";

const hasAddress = (plan: StackedPlan, address: Ip | undefined): boolean =>
  address !== undefined && addressesOf(plan).includes(address);

/** All prefixes that `neighbourOf` and its like compare an address with. */
export function uplinkPrefixes(scene: Scene, lower: string | undefined): readonly Prefix[] {
  const own = [
    ...vnicsOn(scene, lower).flatMap(addressesOf),
    ...adaptersOn(scene, lower).flatMap((one) => [
      linkLocal(one.mac),
      ...(adapterLink(scene, one)?.addresses ?? []).map(prefixAddress),
    ]),
  ];
  return [...own.map(hostPrefix), ...localPrefixes(scene)];
}
