/** Finding things of a scene: whose interface, whose address, whose switch. */
import type { Ip } from "../../addr/ip.ts";
import { linkLocal } from "../../addr/mac.ts";
import { hostPrefix, type Prefix, prefixAddress, prefixFamily } from "../../addr/prefix.ts";
import { policiesOf } from "../../policy/policy.ts";
import { formatOwner } from "../owner.ts";
import type { Plan } from "../plan.ts";
import type { Scene, SceneInterface, SceneNetwork } from "../scene.ts";
import { isExternal, isOverlay, isStacked } from "../switch.ts";
import { isVmPlan } from "../vm-nic.ts";
import { loopbacks } from "./groups.ts";
import type { Place, Writer } from "./trace.ts";

export const hostPlace: Place = { kind: "host", name: "host" };
export const kernel: Writer = { kind: "kernel" };

export const portPlace = ({ port }: Plan): Place => ({ kind: "port", name: port.name });

export const compartmentPlace = ({ owner }: Plan): Place => ({
  kind: "compartment",
  name: formatOwner(owner),
});

/** Whose stack has the endpoint's addresses. */
export const stackPlace = (plan: Plan): Place => ({
  ...compartmentPlace(plan),
  ...(isVmPlan(plan) ? { kind: "guest" } : {}),
});

/** The same for tables of it: the guest gives its NIC a name of its own. */
export const stackName = (plan: Plan): string => (isVmPlan(plan) ? "the guest" : plan.vnic.name);

export const byEndpoint = ({ owner }: Plan): Writer => ({ kind: "endpoint", owner: formatOwner(owner) });

export const byNetwork = ({ name }: SceneNetwork): Writer => ({ kind: "network", network: name });

export function findInterface({ host }: Scene, name: string | undefined): SceneInterface | undefined {
  return host.interfaces.find((one) => one.name === name);
}

/** The network whose switch an interface of the host is; what vNICs only hang on is the host's own. */
export function networkOfSwitch({ networks }: Scene, name: string | undefined): SceneNetwork | undefined {
  return networks.find((network) => network.switch.name === name && !isStacked(network.switch));
}

/** The network of an endpoint; one that the state has lost is known by its plan. */
export function networkOf(scene: Scene, plan: Plan): SceneNetwork {
  const { switch: planned } = plan;
  return (
    scene.networks.find(({ name }) => name === planned.network) ?? {
      name: planned.network,
      kind: isExternal(planned) ? "transparent" : isOverlay(planned) ? "overlay" : "nat",
      switch: planned,
    }
  );
}

/** All that meet there: networks that hang on one uplink share it. */
export function endpointsOn({ endpoints }: Scene, network: SceneNetwork): readonly Plan[] {
  return endpoints.filter((plan) => plan.switch.name === network.switch.name);
}

/** The addresses its compartment has, that of the link alone included. */
export function addressesOf({ vnic, port }: Plan): readonly Ip[] {
  const planned = vnic.addresses.map(prefixAddress);
  const [guard] = policiesOf(port.policies, "Guard");
  const hasIpv6 = vnic.addresses.some((address) => prefixFamily(address) === 6);
  return [...new Set([...planned, ...(guard?.addresses ?? []), ...(hasIpv6 ? [linkLocal(vnic.mac)] : [])])];
}

export function endpointAt(scene: Scene, network: SceneNetwork, address: Ip): Plan | undefined {
  return endpointsOn(scene, network).find((plan) => addressesOf(plan).includes(address));
}

/** What the host takes for its own: addresses of its links that are up, and what its table of local routes says. */
export function localPrefixes({ host }: Scene): readonly Prefix[] {
  const ofLinks = host.interfaces.filter(({ up }) => up).flatMap(({ addresses }) => addresses);
  const routes = host.routes.filter(({ type, table }) => type === "local" && table === localTable);
  return [
    ...loopbacks,
    ...ofLinks.map((address) => hostPrefix(prefixAddress(address))),
    ...routes.map(({ destination }) => destination),
  ];
}

/** linux/rtnetlink.h RT_TABLE_LOCAL, RT_TABLE_MAIN, RT_TABLE_DEFAULT: in this order they are asked. */
export const localTable = 255;
export const tables: readonly number[] = [localTable, 254, 253];
