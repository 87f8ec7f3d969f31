/** What rules of other programs at a hook of the host do. They act beside ours, and ours cannot lift them. */
import type { ForeignHook } from "../../foreign.ts";
import { askForeign } from "../ask-foreign.ts";
import { hostPlace } from "../find.ts";
import { ipLayer, isIp, type Layer } from "../layer.ts";
import { hostNatOutput } from "./host-nat-output.ts";
import { hostNatPostrouting } from "./host-nat-postrouting.ts";
import { hostNatPrerouting } from "./host-nat-prerouting.ts";

export const foreignPrerouting: Layer = foreign("prerouting", hostNatPrerouting);
export const foreignInput: Layer = foreign("input");
export const foreignForward: Layer = foreign("forward");
export const foreignOutput: Layer = foreign("output", hostNatOutput);
export const foreignPostrouting: Layer = foreign("postrouting", hostNatPostrouting);

/** @param nat what translates addresses at the same hook: chains behind it see the packet so */
function foreign(hook: ForeignHook, nat?: Layer): Layer {
  return ipLayer((walk) => {
    const after = nat?.(walk).walk;
    return askForeign(walk, {
      id: `host.foreign.${hook}`,
      where: hostPlace,
      hook,
      // What the host itself sends came from nowhere, and what is for it leaves by nothing.
      in: hook === "output" ? undefined : walk.in,
      out: hook === "input" || hook === "prerouting" ? undefined : walk.out,
      ...(after !== undefined && isIp(after) ? { after } : {}),
    });
  });
}
