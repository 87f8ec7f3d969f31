/** What the host has of a synthetic VM NIC: links, and no address. */
import { type Plan, portName } from "./plan.ts";
import type { Switch } from "./switch.ts";
import type { Tap, VmNic, Vnic } from "./vnic.ts";

export type VmPlan<S extends Switch = Switch> = Plan<S> & { readonly vnic: VmNic };

export const isVmNic = (vnic: Vnic): vnic is VmNic => vnic.type === "vmNic";
export const isVmPlan = <S extends Switch>(plan: Plan<S>): plan is VmPlan<S> => isVmNic(plan.vnic);

/** The tap that is a port itself: nothing of the endpoint is in its compartment. */
export function portTap({ vnic }: Plan): Tap | undefined {
  return isVmNic(vnic) && vnic.tap.attach === "switch" ? vnic.tap : undefined;
}

/** The tap in the compartment, which is joined to the link there. */
export function joinedTap({ vnic }: Plan): Tap | undefined {
  return isVmNic(vnic) && vnic.tap.attach === "compartment" ? vnic.tap : undefined;
}

/**
 * The link in the compartment that leads to the switch. Of a vmNic it is what the tap is joined to; of the two one is
 * called CNI_IFNAME, where runtimes look for it.
 */
export function linkName(plan: Plan): string {
  const tap = joinedTap(plan);
  return tap?.name === plan.vnic.name ? `vj-${plan.key.slice(0, 12)}` : plan.vnic.name;
}

/** The plan as the compartment's own stack sees it: a guest's addresses and routes are none of its. */
export function onStack<S extends Switch>(plan: Plan<S>): Plan<S> {
  if (!isVmNic(plan.vnic)) return plan;
  const { autoconf: _, ...vnic } = plan.vnic;
  return { ...plan, vnic: { ...vnic, name: linkName(plan), addresses: [], routes: [] } };
}

/** Until it bears its mark a tap has this name: others tell nobody whose it is. */
export const firstTapName = ({ key }: Pick<Plan, "key">): string => `vt-${key.slice(0, 12)}`;

/** Of the port: the tap's own where it is the port. */
export function portNameOf(key: string, vnic: Vnic): string {
  return isVmNic(vnic) && vnic.tap.attach === "switch" ? vnic.tap.name : portName(key);
}
