/** Steps that lead the host to vNICs which hang on its uplink. Pure. */
import { hostPrefix, prefixAddress } from "../../addr/prefix.ts";
import type { Plan } from "../../model/plan.ts";
import { hostAdapterOf } from "../../model/switch.ts";
import { deleteRoute, replaceRoute } from "../../netlink/route/route.ts";
import { learn, own } from "../endpoint-step.ts";
import type { Step } from "../step.ts";
import { hostRoute } from "./host-route.ts";

/** The host reaches vNICs that hang on its uplink through an adapter of its own. */
export function hostWays({ key, switch: vswitch, vnic }: Plan): readonly Step[] {
  const adapter = hostAdapterOf(vswitch);
  if (adapter === undefined || vnic.addresses.length === 0) return [];
  return [
    learn("host", "switch", adapter.name),
    // A step each: of several requests in one, others come true where one fails, and would not be undone.
    ...vnic.addresses.map(
      (address): Step => ({
        ...own(`route replace ${hostPrefix(prefixAddress(address))} dev ${adapter.name}`),
        action: {
          kind: "host",
          requests: (index) => [replaceRoute(hostRoute(key, address, index("switch")))],
        },
        undo: { kind: "host", requests: (index) => [deleteRoute(hostRoute(key, address, index("switch")))] },
      }),
    ),
  ];
}
