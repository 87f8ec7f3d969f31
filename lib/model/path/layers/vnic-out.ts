/** Where a frame goes that leaves a vNIC: by what kind its switch is. */
import type { SwitchKind } from "../../switch.ts";
import { atEndpoint, type Layer, type Segment } from "../layer.ts";

const segments: Readonly<Record<SwitchKind, Segment>> = {
  internal: "port.out",
  macvlan: "uplink.out",
  ipvlan: "uplink.out",
  routed: "port.out",
  bridge: "port.out",
};

export const vnicOut: Layer = atEndpoint((walk) => ({
  kind: "on",
  walk,
  to: segments[walk.endpoint.switch.kind],
}));
