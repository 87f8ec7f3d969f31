/**
 * Where br_netfilter is on, what only passes a switch is shown to the host's IP hooks too, with the switch as both
 * interfaces: a FORWARD policy of Docker's then parts containers of one network.
 */

import type { ForeignHook } from "../../foreign.ts";
import { askForeign } from "../ask-foreign.ts";
import { bridgeFiltered } from "../bridge-filter.ts";
import { hostPlace } from "../find.ts";
import { ipLayer, type Layer, skip } from "../layer.ts";

export const filterPrerouting: Layer = filter("prerouting");
export const filterForward: Layer = filter("forward");
export const filterPostrouting: Layer = filter("postrouting");

/** What comes from the host's side has passed its hooks as a packet of the host. */
function filter(hook: ForeignHook): Layer {
  return ipLayer((walk) => {
    const { network } = walk;
    if (network === undefined || !bridgeFiltered(walk)) return skip(walk);
    const { name } = network.switch;
    const passage = askForeign(
      { ...walk, in: name, out: name },
      {
        id: `host.foreign.${hook}`,
        where: hostPlace,
        hook,
        in: hook === "postrouting" ? undefined : name,
        out: hook === "prerouting" ? undefined : name,
      },
    );
    const { in: _in, out: _out, ...after } = passage.walk;
    return { ...passage, walk: after };
  });
}
