/** What of an endpoint can be mended while its container runs, and what to do where it cannot. Pure. */
import type { EndpointFacts } from "./facts.ts";
import type { Plan } from "./plan.ts";
import { isStacked } from "./switch.ts";

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
    ? `${vswitch.lower} is gone, and the interface went with it: bring it back and `
    : "";
