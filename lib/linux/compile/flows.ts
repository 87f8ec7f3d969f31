/** Which tracked flows a change of published ports makes wrong, and forgetting them. Pure. */

import { prefixAddress } from "../../addr/prefix.ts";
import type { Plan } from "../../model/plan.ts";
import { policiesOf } from "../../policy/policy.ts";
import { own } from "../endpoint-step.ts";
import type { FlowPattern, Step } from "../step.ts";

/**
 * UDP and SCTP flows go on where they went before, as long as packets come: those of the ports and of the container's
 * addresses must be forgotten when a port is published and when it no longer is.
 *
 * @returns undefined when only TCP is published, whose connections end by themselves
 */
export function publishedFlows({ port, vnic }: Plan): FlowPattern | undefined {
  const stateless = policiesOf(port.policies, "PortMapping").filter((mapping) => mapping.protocol !== "tcp");
  if (stateless.length === 0) return undefined;
  return {
    protocols: [...new Set(stateless.map((mapping) => mapping.protocol))],
    hostPorts: [...new Set(stateless.map((mapping) => mapping.hostPort))],
    addresses: vnic.addresses.map(prefixAddress),
  };
}

export function forgetOldFlows(plan: Plan): readonly Step[] {
  const flows = publishedFlows(plan);
  if (flows === undefined) return [];
  return [{ ...own("forget flows of the published ports"), action: { kind: "forget-flows", flows } }];
}
