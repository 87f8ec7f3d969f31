/** What of an endpoint can be mended while its container runs, and what to do where it cannot. Pure. */
import type { EndpointFacts } from "./facts.ts";
import type { Plan } from "./plan.ts";
import { isStacked, type StackedSwitch } from "./switch.ts";
import { isVmPlan, linkName, portTap, type VmPlan } from "./vm-nic.ts";

/** Why nothing can be mended. */
export interface BeyondRepair {
  readonly why: string;
  readonly remedy: string;
}

/** @returns undefined when every difference can be mended */
export function beyondRepair(plan: Plan, facts: EndpointFacts): BeyondRepair | undefined {
  const { compartment, port } = facts;
  if (compartment === undefined)
    return {
      why: `its compartment ${plan.compartment.path} is gone`,
      remedy: "vswitch gc removes what is left of it",
    };
  const guest = isVmPlan(plan) ? beyondGuest(plan, facts) : undefined;
  if (guest !== undefined) return guest;
  if (portTap(plan) !== undefined) return undefined;
  // Both ends of the pair go together; the one that is made anew would be another interface to the container.
  if (compartment.vnic === undefined)
    return {
      why: `its interface ${linkName(plan)} is gone from ${plan.compartment.path}`,
      remedy: `${bringBack(plan, facts)}restart the container: only the runtime can attach it again`,
    };
  const uplink = isStacked(plan.switch) ? beyondUplink(plan.switch, facts) : undefined;
  if (uplink !== undefined) return uplink;
  if (port === undefined && !isStacked(plan.switch))
    return {
      why: `its port ${plan.port.name} is gone although ${linkName(plan)} is there: that is another interface`,
      remedy: "restart the container: only the runtime can attach it again",
    };
  return undefined;
}

/** To the monitor that has the old one open, a tap that is made anew is another one. */
function beyondGuest(plan: VmPlan, { tap: found, port }: EndpointFacts): BeyondRepair | undefined {
  const { tap } = plan.vnic;
  const remedy = "restart the container: only the runtime can attach it again";
  const where = tap.attach === "switch" ? "" : ` from ${plan.compartment.path}`;
  if (found === undefined || (portTap(plan) !== undefined && port === undefined))
    return { why: `its tap ${tap.name} is gone${where}`, remedy };
  const same = found.owner === tap.owner && found.group === tap.group && found.multiQueue === tap.multiQueue;
  return same
    ? undefined
    : { why: `the tap ${tap.name} is another one: owner, group or queues differ`, remedy };
}

/** What hangs on an uplink goes with it. */
const bringBack = ({ switch: vswitch }: Plan, { switch: found }: EndpointFacts): string =>
  isStacked(vswitch) && found === undefined
    ? `its uplink ${vswitch.lower} is gone too, and took it along: bring that back and `
    : "";

/** The uplink is the host's own: it is for its operator to change. A VLAN on it is ours. */
function beyondUplink(
  { lower, uplink, mtu, network }: StackedSwitch,
  { switch: found }: EndpointFacts,
): BeyondRepair | undefined {
  if (found === undefined || lower !== uplink) return undefined;
  if (!found.up) return { why: `its uplink ${uplink} is down`, remedy: `ip link set dev ${uplink} up` };
  if (found.mtu >= mtu) return undefined;
  return {
    why: `its uplink ${uplink} carries ${found.mtu} bytes, network ${network} was made for ${mtu}`,
    remedy: `ip link set dev ${uplink} mtu ${mtu}, or give the network "mtu": ${found.mtu} and start its containers anew`,
  };
}
