/** Steps that make a vNIC which hangs on an uplink, in its compartment and without anything on the host. Pure. */
import type { Plan } from "../../model/plan.ts";
import type { StackedSwitch } from "../../model/switch.ts";
import { linkName } from "../../model/vm-nic.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { createSublink, type Sublink, sublinkTitle } from "../../netlink/route/sublink.ts";
import { learn, own } from "../endpoint-step.ts";
import { endpointAlias } from "../mark.ts";
import type { Step } from "../step.ts";
import { firstName } from "./remove.ts";

/**
 * It is made under another name: kernels before 6.13 look for the name of a new link where the request comes from, and
 * there is an eth0 on nearly every host.
 *
 * @param netnsFd descriptor of the compartment
 */
export function createStackedVnic(plan: Plan<StackedSwitch>, netnsFd: number): readonly Step[] {
  const { switch: vswitch, vnic, owner, compartment } = plan;
  const { mtu } = vnic;
  const name = linkName(plan);
  const sublink = sublinkOf(vswitch);
  const alias = endpointAlias(owner, vnic.addresses);
  const first = firstName(plan);
  // An ipvlan has its uplink's.
  const mac = vswitch.kind === "ipvlan" ? {} : { mac: vnic.mac };
  return [
    learn("host", "switch", vswitch.lower),
    {
      ...own(`link add link ${vswitch.lower} ${first} type ${sublinkTitle(sublink)}`),
      action: {
        kind: "host",
        requests: (index) => [
          createSublink({ name: first, lower: index("switch"), mtu, ...mac, netnsFd, sublink }),
        ],
      },
      undo: { kind: "compartment", requests: () => [deleteLink(first)] },
      needs: sublink.kind,
    },
    {
      ...learn("compartment", "vnic", first),
      // Of the next step a part may be done when it fails: by its name it could not be found then.
      undo: { kind: "compartment", requests: (index) => [deleteLink(index("vnic"))] },
    },
    {
      ...own(`in ${compartment.path}: link set ${first} name ${name} alias "${alias}"`),
      action: {
        kind: "compartment",
        requests: (index) => [setLink(index("vnic"), { rename: name }), setLink(index("vnic"), { alias })],
      },
    },
  ];
}

/** What the kernel makes for a vNIC of the switch. */
export function sublinkOf(vswitch: StackedSwitch): Sublink {
  return vswitch.kind === "macvlan"
    ? { kind: vswitch.kind, mode: vswitch.mode }
    : { kind: vswitch.kind, mode: vswitch.mode };
}
