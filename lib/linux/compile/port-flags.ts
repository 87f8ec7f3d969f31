/** How a bridge treats the port of an endpoint. Pure. */
import type { Plan } from "../../model/plan.ts";
import type { Request } from "../../netlink/message.ts";
import { setBridgePort } from "../../netlink/route/bridge-port.ts";
import { policiesOf } from "../../policy/policy.ts";

/** What the kernel forgets of a port that leaves its bridge. @returns nothing where all is as the kernel has it */
export function portFlags({ port, switch: { isolated } }: Plan): readonly Request[] {
  const publishes = policiesOf(port.policies, "PortMapping").length > 0;
  // Where br_netfilter is on, a container's call of its own published port goes back out of the port it came by.
  const flags = { ...(publishes ? { hairpin: true } : {}), ...(isolated ? { isolated: true } : {}) };
  return publishes || isolated ? [setBridgePort(port.name, flags)] : [];
}
