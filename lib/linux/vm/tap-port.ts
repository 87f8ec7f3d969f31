/** Steps that make the port of an endpoint of a tap, for a virtual machine monitor that runs on the host itself. Pure. */
import { portMac } from "../../model/plan.ts";
import type { VmPlan } from "../../model/vm-nic.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { portFlags } from "../compile/port-flags.ts";
import { own } from "../endpoint-step.ts";
import type { Step } from "../step.ts";
import { createNamedTap } from "./named-tap.ts";

/**
 * The guest's MAC is not the tap's: a switch would take for its own what is for the guest.
 *
 * @param up not where limits are to come, which need a port that is down
 */
export function createTapPort(plan: VmPlan, up: boolean): readonly Step[] {
  const { name } = plan.port;
  const { mtu } = plan.switch;
  return [
    ...createNamedTap(plan, "host", "port"),
    {
      ...own(`link set ${name} master ${plan.switch.name}${up ? " up" : ""}`),
      action: {
        kind: "host",
        requests: (index) => [
          setLink(index("port"), { mac: portMac(plan.key), mtu, master: index("switch") }),
          // None of the guest's frames passes before the port is isolated.
          ...portFlags(plan),
          ...(up ? [setLink(index("port"), { up: true })] : []),
        ],
      },
    },
  ];
}
