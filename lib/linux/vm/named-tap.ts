/** Steps that make a tap which bears its endpoint's mark before it bears its name. Pure. */
import { firstTapName, type VmPlan } from "../../model/vm-nic.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { learn, own } from "../endpoint-step.ts";
import { endpointAlias } from "../mark.ts";
import type { Step } from "../step.ts";

/**
 * Under its first name it is known to be ours without a mark. It is down, and speaks for nobody: it has no link-local
 * address.
 *
 * @param role by which the steps behind it know it
 */
export function createNamedTap(
  plan: VmPlan,
  where: "host" | "compartment",
  role: "port" | "tap",
): readonly Step[] {
  const { attach: _, ...tap } = plan.vnic.tap;
  const first = firstTapName(plan);
  const alias = endpointAlias(plan.owner, plan.vnic.addresses);
  return [
    {
      ...own(`tuntap add ${first} mode tap`),
      action: { kind: "tap", where, tap: { ...tap, name: first } },
      undo: { kind: where, requests: () => [deleteLink(first)] },
    },
    {
      ...learn(where, role, first),
      // Of the next step a part may be done when it fails: by its name it could not be found then.
      undo: { kind: where, requests: (index) => [deleteLink(index(role))] },
    },
    {
      ...own(`link set ${first} alias "${alias}" name ${tap.name} `.trimEnd()),
      action: {
        kind: where,
        requests: (index) => [
          setLink(index(role), { alias }),
          setLink(index(role), { rename: tap.name }),
          setLink(index(role), { addrGenMode: "none" }),
        ],
      },
      accept: ["EAFNOSUPPORT"],
    },
  ];
}
