/** Reading an endpoint, whatever its switch is. */
import type { EndpointFacts } from "../model/facts.ts";
import type { Plan } from "../model/plan.ts";
import { isStacked } from "../model/switch.ts";
import type { Netlink } from "../netlink/connection.ts";
import type { Readers } from "./machine.ts";
import { observeEndpoint } from "./observe.ts";
import { observeStackedEndpoint } from "./stacked/observe.ts";
import { observeTap } from "./vm/observe.ts";

/** @param inside rtnetlink of the compartment; absent when it cannot be entered */
export function observeAny(readers: Readers, plan: Plan, inside: Netlink | undefined): EndpointFacts {
  const { switch: vswitch } = plan;
  const facts = isStacked(vswitch)
    ? observeStackedEndpoint(readers.host, { ...plan, switch: vswitch }, inside)
    : observeEndpoint(readers, { ...plan, switch: vswitch }, inside);
  const tap = observeTap(readers.host, plan, inside);
  return tap === undefined ? facts : { ...facts, tap };
}
