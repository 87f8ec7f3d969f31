/** What of an endpoint can be mended while its container runs, and what to do where it cannot. Pure. */
import type { EndpointFacts } from "./facts.ts";
import type { Plan } from "./plan.ts";

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
      remedy: "restart the container: only the runtime can attach it again",
    };
  if (port === undefined)
    return {
      why: `its port ${plan.port.name} is gone although ${plan.vnic.name} is there: that is another interface`,
      remedy: "restart the container: only the runtime can attach it again",
    };
  return undefined;
}
