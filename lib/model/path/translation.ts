/** What becomes of a source address when a packet leaves the host's routing: rule by rule, as the layout has it. */
import { type Ip, isLoopback } from "../../addr/ip.ts";
import { contains, hostPrefix, type Prefix, networkOf as subnetOf } from "../../addr/prefix.ts";
import { formatPolicy } from "../../policy/format-policy.ts";
import { type OutBoundNat, translates } from "../../policy/outbound-nat.ts";
import { policiesOf } from "../../policy/policy.ts";
import type { Plan } from "../plan.ts";
import type { Scene, SceneNetwork } from "../scene.ts";
import { byEndpoint, byNetwork, networkOf } from "./find.ts";
import { isMulticast } from "./groups.ts";
import { sideOf } from "./side.ts";
import type { Writer } from "./trace.ts";
import type { IpWalk } from "./walk.ts";

export interface Translation {
  /** `masquerade`: the address of the link by which it leaves. */
  readonly to: "keep" | "masquerade" | Ip;
  readonly text: string;
  readonly writer: Writer;
}

/** @returns undefined when nothing of ours speaks of the packet */
export function translationOf(walk: IpWalk): Translation | undefined {
  const { scene, packet, dnat } = walk;
  const { source, destination } = packet;
  const side = sideOf(scene, walk.out);
  const to = side?.network;
  const direct = scene.networks.find((network) => isDirect(network, source, destination));
  if (dnat && to !== undefined && direct !== undefined)
    return {
      to: "masquerade",
      text: "hairpin: answers must come back by the host",
      writer: byNetwork(direct),
    };
  if (isLoopback(source) && to !== undefined)
    return { to: "masquerade", text: "called on the host's loopback", writer: byNetwork(to) };
  if (side?.remote)
    return { to: "keep", text: `within network ${side.network.name}`, writer: byNetwork(side.network) };
  const own = ownNat(scene, source, destination);
  if (own !== undefined) return own;
  if (direct !== undefined)
    return { to: "keep", text: directText(direct, destination), writer: byNetwork(direct) };
  return networkNat(scene, source, destination);
}

/** The subnets of a network keep their addresses among themselves, and towards its exceptions. */
function isDirect({ switch: vswitch }: SceneNetwork, source: Ip, destination: Ip): boolean {
  const { gateways, outboundNat } = vswitch;
  const within = (prefixes: readonly Prefix[], address: Ip) => prefixes.some((one) => contains(one, address));
  const kept = [...gateways, ...(outboundNat?.exceptions ?? [])];
  return within(gateways, source) && within(kept, destination);
}

function directText({ name, switch: vswitch }: SceneNetwork, destination: Ip): string {
  const except = vswitch.outboundNat?.exceptions.find((one) => contains(one, destination));
  return except === undefined ? `within network ${name}` : `network ${name} excepts ${except}`;
}

/** An endpoint's own OutBoundNAT stands above that of its network. */
function ownNat(scene: Scene, source: Ip, destination: Ip): Translation | undefined {
  const plan = scene.endpoints.find((one) => ownPolicies(one, source).length > 0);
  if (plan === undefined) return undefined;
  const policies = ownPolicies(plan, source);
  const writer = byEndpoint(plan);
  const { switch: vswitch } = networkOf(scene, plan);
  const isKept =
    isMulticast(destination) ||
    vswitch.gateways.some((subnet) => contains(subnet, destination)) ||
    policies.some((policy) => !translates({ ...policy, destinations: [] }, destination));
  const towards = policies.filter((policy) => translates(policy, destination));
  const policy = towards.find(({ virtualIp }) => virtualIp !== undefined) ?? towards[0];
  if (isKept || policy === undefined)
    return { to: "keep", text: policies.map(formatPolicy).join("; "), writer };
  return { to: policy.virtualIp ?? "masquerade", text: formatPolicy(policy), writer };
}

const ownPolicies = ({ port }: Plan, source: Ip): readonly OutBoundNat[] =>
  policiesOf(port.policies, "OutBoundNAT").filter(({ addresses }) => addresses.includes(source));

function networkNat({ networks }: Scene, source: Ip, destination: Ip): Translation | undefined {
  const network = networks.find(({ switch: { gateways } }) => gateways.some((one) => contains(one, source)));
  if (network === undefined) return undefined;
  const writer = byNetwork(network);
  if (network.switch.outboundNat === undefined)
    return { to: "keep", text: `network ${network.name} has no outbound NAT`, writer };
  if (isMulticast(destination)) return { to: "keep", text: "multicast is never masqueraded", writer };
  return { to: "masquerade", text: `outbound NAT of network ${network.name}`, writer };
}

/** Prefixes with which the rules compare the source, and those for the destination. */
export function translationPrefixes({ networks, endpoints }: Scene): {
  readonly source: readonly Prefix[];
  readonly destination: readonly Prefix[];
} {
  const subnets = networks.flatMap(({ switch: { gateways } }) => gateways).map(subnetOf);
  const policies = endpoints.flatMap(({ port }) => policiesOf(port.policies, "OutBoundNAT"));
  const excepted = networks.flatMap(({ switch: { outboundNat } }) => outboundNat?.exceptions ?? []);
  const own = policies.flatMap(({ exceptions, destinations }) => [...exceptions, ...destinations]);
  return {
    source: [...subnets, ...policies.flatMap(({ addresses }) => addresses).map(hostPrefix)],
    destination: [...subnets, ...excepted, ...own],
  };
}
