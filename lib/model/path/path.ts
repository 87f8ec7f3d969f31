/**
 * The path: which layers lie on each stretch, in the order in which a packet passes them.
 *
 * A layer is one file with one function (`Layer`). A new network or vNIC type adds its layers here, and its stage ids
 * to `stageIds`; a layer that does not concern a packet skips it.
 */
import type { Layer, Segment } from "./layer.ts";
import { hostArrival } from "./layers/host-arrival.ts";
import {
  foreignForward,
  foreignInput,
  foreignOutput,
  foreignPostrouting,
  foreignPrerouting,
} from "./layers/host-foreign.ts";
import { hostInput } from "./layers/host-input.ts";
import { hostIsolation } from "./layers/host-isolation.ts";
import { hostLeave } from "./layers/host-leave.ts";
import { hostLoopback } from "./layers/host-loopback.ts";
import { hostMtu } from "./layers/host-mtu.ts";
import { hostNatOutput } from "./layers/host-nat-output.ts";
import { hostNatPostrouting } from "./layers/host-nat-postrouting.ts";
import { hostNatPrerouting } from "./layers/host-nat-prerouting.ts";
import { hostNeighbour } from "./layers/host-neighbour.ts";
import { hostRouting } from "./layers/host-route.ts";
import { hostRouteOut, hostSend } from "./layers/host-route-out.ts";
import { hostTtl } from "./layers/host-ttl.ts";
import { portAclIn, portAclOut } from "./layers/port-acl.ts";
import { portGuard } from "./layers/port-guard.ts";
import { portIn, portOut } from "./layers/port-link.ts";
import { portQosIn, portQosOut } from "./layers/port-qos.ts";
import {
  filterForward,
  filterPostrouting,
  filterPrerouting,
  filterTranslate,
} from "./layers/switch-filter.ts";
import {
  bridgeForward,
  bridgeForwardOut,
  bridgeInput,
  bridgePostrouting,
  bridgePostroutingOut,
  bridgePrerouting,
} from "./layers/switch-foreign.ts";
import { switchForward } from "./layers/switch-forward.ts";
import { tapIn, tapOut } from "./layers/tap.ts";
import { tunnelBehind } from "./layers/tunnel-behind.ts";
import { tunnelIn, tunnelSource, underlayArrival } from "./layers/tunnel-in.ts";
import { tunnelOut } from "./layers/tunnel-out.ts";
import { tunnelVtep } from "./layers/tunnel-vtep.ts";
import { underlayEncap, underlayNeighbour, underlayRoute } from "./layers/underlay-out.ts";
import { uplinkArrival } from "./layers/uplink-arrival.ts";
import { uplinkForward } from "./layers/uplink-forward.ts";
import { uplinkLeave } from "./layers/uplink-leave.ts";
import { uplinkOut } from "./layers/uplink-out.ts";
import { vnicNeighbour } from "./layers/vnic-neighbour.ts";
import { vnicOut } from "./layers/vnic-out.ts";
import { vnicReceive } from "./layers/vnic-receive.ts";
import { vnicRoute } from "./layers/vnic-route.ts";
import { foreignUnderlay } from "./underlay.ts";

export interface Stretch {
  readonly layers: readonly Layer[];
  /** Where a packet goes that no layer sends elsewhere. */
  readonly next?: Segment;
}

export const path: Readonly<Record<Segment, Stretch>> = {
  "compartment.out": { layers: [vnicRoute, vnicNeighbour], next: "vnic.out" },
  "vnic.out": { layers: [tapOut, vnicOut] },
  "uplink.out": { layers: [uplinkOut, uplinkForward] },
  "uplink.leave": { layers: [uplinkLeave] },
  "bridge.leave": {
    layers: [
      filterPrerouting,
      filterForward,
      filterPostrouting,
      bridgeForwardOut,
      bridgePostroutingOut,
      filterTranslate,
      uplinkOut,
      uplinkLeave,
    ],
  },
  "bridge.tunnel": {
    layers: [
      filterPrerouting,
      filterForward,
      filterPostrouting,
      bridgeForwardOut,
      bridgePostroutingOut,
      filterTranslate,
      tunnelOut,
    ],
    next: "tunnel.out",
  },
  "tunnel.out": { layers: [tunnelVtep], next: "underlay.out" },
  "underlay.out": {
    layers: [
      underlayRoute,
      underlayEncap,
      foreignUnderlay("output"),
      foreignUnderlay("postrouting"),
      underlayNeighbour,
    ],
  },
  "tunnel.in": {
    layers: [
      underlayArrival,
      tunnelSource,
      foreignUnderlay("prerouting"),
      foreignUnderlay("input"),
      tunnelIn,
    ],
  },
  "tunnel.bridge": { layers: [bridgePrerouting], next: "switch" },
  "wire.in": { layers: [uplinkArrival], next: "host.in" },
  "port.out": { layers: [portOut, portGuard, portAclOut, portQosOut, bridgePrerouting], next: "switch" },
  switch: { layers: [switchForward] },
  "host.in": {
    layers: [bridgeInput, hostArrival, tunnelBehind, foreignPrerouting, hostNatPrerouting, hostRouting],
  },
  "host.out": { layers: [hostSend, foreignOutput, hostNatOutput, hostRouteOut, hostMtu, hostLeave] },
  "host.input": { layers: [foreignInput, hostLoopback, hostInput] },
  "host.forward": { layers: [hostTtl, hostMtu, foreignForward, hostIsolation], next: "host.postrouting" },
  "host.postrouting": { layers: [foreignPostrouting, hostNatPostrouting, hostNeighbour] },
  "port.in": {
    layers: [
      filterPrerouting,
      filterForward,
      filterPostrouting,
      bridgeForward,
      bridgePostrouting,
      portIn,
      portAclIn,
      filterTranslate,
      portQosIn,
    ],
    next: "compartment.in",
  },
  "compartment.in": { layers: [tapIn, vnicReceive] },
};
