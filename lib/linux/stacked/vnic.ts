/** Steps that make a vNIC which hangs on an uplink, in its compartment and without anything on the host. Pure. */
import type { Plan } from "../../model/plan.ts";
import type { StackedSwitch } from "../../model/switch.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { createSublink, type Sublink, sublinkTitle } from "../../netlink/route/sublink.ts";
import { endpointAlias } from "../mark.ts";
import type { Step } from "../step.ts";

const own = (title: string) => ({ title, scope: "endpoint" }) as const;

/** @param netnsFd descriptor of the compartment */
export function createStackedVnic(plan: Plan<StackedSwitch>, netnsFd: number): readonly Step[] {
  const { switch: vswitch, vnic, owner } = plan;
  const { name, mtu, mac } = vnic;
  const sublink = sublinkOf(vswitch);
  const alias = endpointAlias(owner, vnic.addresses);
  return [
    {
      ...own(`learn ${vswitch.lower}`),
      action: { kind: "learn", where: "host", role: "switch", name: vswitch.lower },
    },
    {
      ...own(`link add link ${vswitch.lower} ${name} type ${sublinkTitle(sublink)}`),
      action: {
        kind: "host",
        requests: (index) => [createSublink({ name, lower: index("switch"), mtu, mac, netnsFd, sublink })],
      },
      undo: { kind: "compartment", requests: () => [deleteLink(name)] },
      needs: sublink.kind,
    },
    {
      ...own(`in ${plan.compartment.path}: link set ${name} alias "${alias}"`),
      action: { kind: "compartment", requests: () => [setLink(name, { alias })] },
    },
  ];
}

/** What the kernel makes for a vNIC of the switch. */
export function sublinkOf(vswitch: StackedSwitch): Sublink {
  return { kind: vswitch.kind, mode: vswitch.mode };
}
