/**
 * Where br_netfilter is on, what only passes a switch is shown to the host's IP hooks too, with the switch as both
 * interfaces: a FORWARD policy of Docker's then parts containers of one network.
 */
import type { ForeignHook } from "../../foreign.ts";
import { askForeign } from "../ask-foreign.ts";
import { bridgeFiltered } from "../bridge-filter.ts";
import { hostPlace } from "../find.ts";
import { ipLayer, type Layer, type Passage, skip } from "../layer.ts";
import { hostNatPostrouting } from "./host-nat-postrouting.ts";

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
    return onItsWay(passage);
  });
}

/** The last hook of all: a source that is the switch's own stays, and another one is translated as the host's routing would. */
export const filterTranslate: Layer = ipLayer((walk) => {
  const { network } = walk;
  if (network === undefined || !bridgeFiltered(walk)) return skip(walk);
  const { name } = network.switch;
  const passage = onItsWay(hostNatPostrouting({ ...walk, in: name, out: name }));
  return passage.stage?.decision === "pass" ? skip(passage.walk) : passage;
});

/** The switch is no interface by which the packet leaves. */
function onItsWay(passage: Passage): Passage {
  const { in: _in, out: _out, ...walk } = passage.walk;
  return { ...passage, walk };
}
