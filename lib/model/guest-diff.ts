/** What differs between the plan of a synthetic VM NIC and what the host has of it. Pure. */
import type { Prefix } from "../addr/prefix.ts";
import { absent, type Compare, type Difference, unequal } from "./compare.ts";
import type { EndpointFacts, TapFacts } from "./facts.ts";
import { portMac } from "./plan.ts";
import { linkName, portTap, type VmPlan } from "./vm-nic.ts";

/** Addresses and routes are the guest's: what is there of them on the host is too much. */
export function guestDiff(plan: VmPlan, facts: EndpointFacts): Difference[] {
  const tap = tapDiff(plan, facts);
  return portTap(plan) === undefined ? [...linkDiff(plan, facts), ...tap] : tap;
}

/** The link in the compartment that the tap is joined to. */
function linkDiff(plan: VmPlan, { compartment }: EndpointFacts): Difference[] {
  const { path } = plan.compartment;
  const name = linkName(plan);
  if (compartment === undefined) return absent(`compartment ${path}`);
  const { vnic } = compartment;
  if (vnic === undefined) return absent(`interface ${name} in ${path}`);
  return unequal([
    [`state of ${name}`, "up", vnic.up ? "up" : "down"],
    // A later plugin may have set those of the one that bears CNI_IFNAME.
    ...(name === plan.vnic.name ? settings(plan, name, vnic) : []),
    ...guestOnly(name, vnic.addresses),
  ]);
}

function tapDiff(plan: VmPlan, { tap: found, compartment }: EndpointFacts): Difference[] {
  const { tap } = plan.vnic;
  const what = `tap ${tap.name}`;
  const isPort = tap.attach === "switch";
  if (found === undefined)
    return isPort || compartment !== undefined
      ? absent(isPort ? what : `${what} in ${plan.compartment.path}`)
      : [];
  return unequal([
    [`state of ${what}`, "up", found.up ? "up" : "down"],
    // Whoever may open a tap may set its MAC, and a switch brings the frames for a port's MAC to that port.
    ...(isPort ? [[`MAC of ${what}`, portMac(plan.key), found.mac] as const] : []),
    ...(isPort || tap.name !== plan.vnic.name ? [] : settings(plan, what, found)),
    [`owner of ${what}`, tap.owner ?? "root", found.owner ?? "root"],
    [`group of ${what}`, tap.group ?? "none", found.group ?? "none"],
    [`queues of ${what}`, queues(tap.multiQueue), queues(found.multiQueue)],
    ...(found.joined === undefined ? [] : joined(plan, found.joined)),
    ...guestOnly(what, found.addresses),
  ]);
}

const settings = (
  { vnic: { mac, mtu } }: VmPlan,
  what: string,
  found: Pick<TapFacts, "mac" | "mtu">,
): readonly Compare[] => [
  [`MAC of ${what}`, mac, found.mac],
  [`MTU of ${what}`, mtu, found.mtu],
];

function joined(
  plan: VmPlan,
  { towardsGuest, fromGuest }: NonNullable<TapFacts["joined"]>,
): readonly Compare[] {
  const [link, tap] = [linkName(plan), `tap ${plan.vnic.tap.name}`];
  const there = (is: boolean): string => (is ? "present" : "absent");
  return [
    [`way from ${link} to ${tap}`, "present", there(towardsGuest)],
    [`way from ${tap} to ${link}`, "present", there(fromGuest)],
  ];
}

const guestOnly = (what: string, addresses: readonly Prefix[]): readonly Compare[] =>
  addresses.map((address) => [
    `address ${address} of ${what}`,
    "absent: the guest alone has addresses",
    "present",
  ]);

const queues = (several: boolean): string => (several ? "several" : "one");
