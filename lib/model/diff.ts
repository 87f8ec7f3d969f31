/** What differs between a plan and the facts: the meaning of CHECK, and of "repair". Pure. */
import type { EndpointFacts } from "./facts.ts";
import type { Plan } from "./plan.ts";
import type { Route } from "./vnic.ts";

export interface Difference {
  /** What differs, e.g. `address 172.30.0.2/20 of eth0`. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

/**
 * Compares what we put there with what is there; anything extra is somebody else's business (CNI 1.1 CHECK:
 * later plugins may add addresses and routes).
 *
 * @returns every difference, none when the attachment is as planned
 */
export function diff(plan: Plan, facts: EndpointFacts): readonly Difference[] {
  return [...switchDiff(plan, facts), ...portDiff(plan, facts), ...vnicDiff(plan, facts)].concat(
    facts.missing.map((entry) => ({ what: entry, expected: "present", found: "absent" })),
  );
}

type Compare = readonly [what: string, expected: string | number, found: string | number | undefined];

function unequal(pairs: readonly Compare[]): Difference[] {
  return pairs
    .filter(([, expected, found]) => expected !== found)
    .map(([what, expected, found]) => ({ what, expected: `${expected}`, found: `${found ?? "nothing"}` }));
}

function absent(what: string): Difference[] {
  return [{ what, expected: "present", found: "absent" }];
}

function switchDiff(plan: Plan, { switch: found }: EndpointFacts): Difference[] {
  const { name, gateways } = plan.switch;
  if (found === undefined) return absent(`switch ${name}`);
  return unequal([
    [`state of switch ${name}`, "up", found.up ? "up" : "down"],
    ...gateways.map((gateway): Compare => {
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
  ]);
}

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
  return unequal(wanted);
}

/** Whether `found` does what `wanted` says: what `wanted` leaves open may be anything. */
function sameRoute(wanted: Route, found: Route): boolean {
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
