/** What of an endpoint can be mended while its container runs, and what to do where it cannot. Pure. */
import type { EndpointFacts } from "./facts.ts";
import type { Plan } from "./plan.ts";
import { isStacked, type StackedSwitch } from "./switch.ts";

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
  // Both ends of the pair go together; the one that is made anew would be another interface to the container.
  if (compartment.vnic === undefined)
    return {
      why: `its interface ${plan.vnic.name} is gone from ${plan.compartment.path}`,
      remedy: `${bringBack(plan, facts)}restart the container: only the runtime can attach it again`,
    };
  const uplink = isStacked(plan.switch) ? beyondUplink(plan.switch, facts) : undefined;
  if (uplink !== undefined) return uplink;
  if (port === undefined && !isStacked(plan.switch))
    return {
      why: `its port ${plan.port.name} is gone although ${plan.vnic.name} is there: that is another interface`,
      remedy: "restart the container: only the runtime can attach it again",
    };
  return undefined;
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
