/** What the host has sent goes out, or comes in again by its loopback. */
import type { Layer } from "../layer.ts";

export const hostLeave: Layer = (walk) =>
  walk.out === "lo"
    ? { kind: "on", walk: { ...walk, in: "lo" }, to: "host.input" }
    : { kind: "on", walk, to: "host.postrouting" };
