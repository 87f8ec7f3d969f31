/** Who asks the wire for an address before it is taken. */
import type { Plan } from "./plan.ts";
import { isBridge, isRouted } from "./switch.ts";
import { portTap } from "./vm-nic.ts";

/**
 * The interface on which the host asks for addresses of its containers, where they cannot: a routed container is not on
 * the wire, the answer to who has no address yet and no MAC of its own comes to the host, and behind a tap that is a
 * port there is nobody yet.
 */
export function askedOn(plan: Plan): string | undefined {
  const { switch: vswitch } = plan;
  if (isRouted(vswitch) || vswitch.kind === "ipvlan") return vswitch.lower;
  return isBridge(vswitch) && portTap(plan) !== undefined ? vswitch.name : undefined;
}
