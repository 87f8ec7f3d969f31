/** What differs between a plan and the facts: the meaning of CHECK, and of "repair". Pure. */
import { networkOf, prefixFamily } from "../addr/prefix.ts";
import type { Limit } from "../policy/qos.ts";
import { absent, type Compare, type Difference, unequal } from "./compare.ts";
import type { EndpointFacts } from "./facts.ts";
import { guestDiff } from "./guest-diff.ts";
import { limitsOf } from "./limits.ts";
import type { Plan } from "./plan.ts";
import { isStacked, type PortedSwitch, type StackedSwitch, switchAddresses } from "./switch.ts";
import { isVmPlan } from "./vm-nic.ts";
import type { Route } from "./vnic.ts";

/**
 * Compares what we put there with what is there; anything extra is somebody else's business (CNI 1.1 CHECK:
 * later plugins may add addresses and routes).
 *
 * @returns every difference, none when the attachment is as planned
 */
export function diff(plan: Plan, facts: EndpointFacts): readonly Difference[] {
  const { switch: vswitch } = plan;
  return [
    ...(isStacked(vswitch) ? lowerDiff(vswitch, facts) : switchDiff(vswitch, facts)),
    ...(isStacked(vswitch) ? [] : portDiff(plan, facts)),
    ...limitDiff(plan, facts),
    ...(isVmPlan(plan) ? guestDiff(plan, facts) : vnicDiff(plan, facts)),
    ...facts.missing.flatMap(absent),
  ];
}

/** What vNICs hang on is the host's own: it need only carry what they send. */
function lowerDiff({ lower, mtu }: StackedSwitch, { switch: found }: EndpointFacts): Difference[] {
  if (found === undefined) return absent(`uplink ${lower}`);
  return unequal([
    [`state of uplink ${lower}`, "up", found.up ? "up" : "down"],
    ...(found.mtu < mtu ? [[`MTU of uplink ${lower}`, mtu, found.mtu] as const] : []),
  ]);
}

function switchDiff(vswitch: PortedSwitch, { switch: found }: EndpointFacts): Difference[] {
  const { name, mac, mtu } = vswitch;
  if (found === undefined) return absent(`switch ${name}`);
  const state = [`state of switch ${name}`, "up", found.up ? "up" : "down"] as const;
  // The host's own, or somebody else's: it need only carry what its ports send.
  if (vswitch.kind === "bridge")
    return unequal([state, ...(found.mtu < mtu ? [[`MTU of switch ${name}`, mtu, found.mtu] as const] : [])]);
  return unequal([
    state,
    [`MAC of switch ${name}`, mac, found.mac],
    [`MTU of switch ${name}`, mtu, found.mtu],
    ...switchAddresses(vswitch).map((gateway): Compare => {
      const held = found.addresses.includes(gateway);
      return [`address ${gateway} of switch ${name}`, "present", held ? "present" : "absent"];
    }),
  ]);
}

function portDiff(plan: Plan, { port }: EndpointFacts): Difference[] {
  const { name } = plan.port;
  if (port === undefined) return absent(`port ${name}`);
  return unequal([
    [`switch of port ${name}`, plan.switch.name, port.switch],
    [`state of port ${name}`, "up", port.up ? "up" : "down"],
    // Not the vNIC's: a later plugin of the chain may have lowered that.
    [`MTU of port ${name}`, plan.switch.mtu, port.mtu],
    [`isolation of port ${name}`, onOff(plan.switch.isolated), onOff(port.isolated)],
  ]);
}

/** Of a port that is there. */
export function limitDiff(plan: Plan, { port, limits }: EndpointFacts): Difference[] {
  if (port === undefined) return [];
  const { name } = plan.port;
  const { in: into, out } = limitsOf(plan);
  const limiter = limits?.limiter;
  return unequal([
    ...limitPair(`limit towards ${plan.vnic.name} at port ${name}`, into, limits?.in),
    ...limitPair(`limit from ${plan.vnic.name} at port ${name}`, out, limiter?.out),
    ...(out === undefined || limiter === undefined
      ? []
      : ([
          [`state of ${limiter.name}`, "up", limiter.up ? "up" : "down"],
          [`way of port ${name} through ${limiter.name}`, "present", limiter.inUse ? "present" : "absent"],
        ] as const)),
  ]);
}

function limitPair(what: string, wanted: Limit | undefined, found: Limit | undefined): readonly Compare[] {
  if (wanted === undefined) return [];
  // A kernel may keep the burst as a time, in steps of its own.
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= a / 100;
  const same = wanted.bytesPerSecond === found?.bytesPerSecond && near(wanted.burstBytes, found.burstBytes);
  return [[what, formatLimit(wanted), found && formatLimit(same ? wanted : found)]];
}

const formatLimit = ({ bytesPerSecond, burstBytes }: Limit): string =>
  `${bytesPerSecond} bytes/s with a burst of ${burstBytes}`;

const onOff = (flag: boolean | undefined): string => (flag ? "on" : "off");

function vnicDiff(plan: Plan, { compartment }: EndpointFacts): Difference[] {
  const { name, mac, mtu, addresses, routes } = plan.vnic;
  if (compartment === undefined) return absent(`compartment ${plan.compartment.path}`);
  const { vnic } = compartment;
  if (vnic === undefined) return absent(`interface ${name} in ${plan.compartment.path}`);
  const wanted: Compare[] = [
    [`state of ${name}`, "up", vnic.up ? "up" : "down"],
    [`MAC of ${name}`, mac, vnic.mac],
    [`MTU of ${name}`, mtu, vnic.mtu],
  ];
  for (const address of addresses) {
    wanted.push([
      `address ${address} of ${name}`,
      "present",
      vnic.addresses.includes(address) ? "present" : "absent",
    ]);
  }
  for (const route of routes) {
    const held = vnic.routes.some((other) => sameRoute(route, other));
    wanted.push([`route ${formatRoute(route)} of ${name}`, "present", held ? "present" : "absent"]);
  }
  for (const route of strayRoutes(plan, vnic.routes))
    wanted.push([`route ${formatRoute(route)} of ${name}`, "absent", "present"]);
  return unequal(wanted);
}

/** Routes that take a subnet for one on the link, where it is not: who is beyond the host would not be reached. */
export function strayRoutes(
  { vnic: { addresses, offLink = [] } }: Plan,
  found: readonly Route[],
): readonly Route[] {
  const subnets = addresses.filter((address) => offLink.includes(prefixFamily(address))).map(networkOf);
  return found.filter(({ destination, gateway }) => gateway === undefined && subnets.includes(destination));
}

/** Whether `found` does what `wanted` says: what `wanted` leaves open may be anything. */
export function sameRoute(wanted: Route, found: Route): boolean {
  return (
    wanted.destination === found.destination &&
    wanted.gateway === found.gateway &&
    (wanted.table === undefined || wanted.table === found.table) &&
    (wanted.priority === undefined || wanted.priority === found.priority)
  );
}

/** In the words of `ip route`. */
export function formatRoute(route: Route): string {
  const parts: string[] = [route.destination];
  if (route.gateway !== undefined) parts.push("via", route.gateway);
  if (route.table !== undefined) parts.push("table", `${route.table}`);
  if (route.priority !== undefined) parts.push("metric", `${route.priority}`);
  return parts.join(" ");
}
