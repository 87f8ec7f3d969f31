/** Where a frame goes that leaves a vNIC: to its port, or straight to the uplink that it hangs on. */
import { atEndpoint, type Layer } from "../layer.ts";
import { isStackedPlan } from "../uplink.ts";

export const vnicOut: Layer = atEndpoint((walk) => ({
  kind: "on",
  walk,
  to: isStackedPlan(walk.endpoint) ? "uplink.out" : "port.out",
}));
