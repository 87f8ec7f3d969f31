/** What rules of other programs at the bridge's own hooks do (family "bridge"): they see ports as interfaces. */

import type { ForeignHook } from "../../foreign.ts";
import { isBridge, isOverlay } from "../../switch.ts";
import { askForeign } from "../ask-foreign.ts";
import { networkOfSwitch } from "../find.ts";
import { ipLayer, type Layer, skip } from "../layer.ts";
import type { IpWalk, Walk } from "../walk.ts";

/** As a frame enters a port. */
export const bridgePrerouting: Layer = ipLayer((walk) => ask(walk, "prerouting", walk.entered));

/** As it goes to the host. */
export const bridgeInput: Layer = ipLayer((walk) =>
  walk.entered === undefined ? skip(walk) : ask(walk, "input", walk.entered),
);

/** As it goes to a port: from another one, or from the host. */
export const bridgeForward: Layer = ipLayer((walk) => {
  const hook = walk.entered === undefined ? "output" : "forward";
  return ask(walk, hook, walk.entered, walk.endpoint?.port.name);
});

export const bridgePostrouting: Layer = ipLayer((walk) =>
  ask(walk, "postrouting", undefined, walk.endpoint?.port.name),
);

/** As it goes to the uplink or the tunnel, which is a port of the bridge: from another one, or from the host. */
export const bridgeForwardOut: Layer = ipLayer((walk) =>
  ask(walk, walk.entered === undefined ? "output" : "forward", walk.entered, wireOf(walk)),
);

export const bridgePostroutingOut: Layer = ipLayer((walk) =>
  ask(walk, "postrouting", undefined, wireOf(walk)),
);

function wireOf({ network }: Walk): string | undefined {
  if (network === undefined) return undefined;
  const { switch: vswitch } = network;
  if (isOverlay(vswitch)) return vswitch.tunnel.name;
  return isBridge(vswitch) ? vswitch.lower : undefined;
}

const ask = (walk: IpWalk, hook: ForeignHook, from?: string, to?: string) =>
  askForeign(walk, {
    id: `switch.foreign.${hook}`,
    where: { kind: "switch", name: switchOf(walk) },
    hook,
    in: from,
    out: to,
    bridged: true,
  });

const switchOf = ({ network, scene, in: from }: Walk): string =>
  (network ?? networkOfSwitch(scene, from))?.switch.name ?? "";
