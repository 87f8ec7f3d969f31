/** All kinds of nodes, in the order in which their nodes are made. A new kind is a file in `kinds/` and a line here. */
import type { NodeKind } from "./graph.ts";
import type { Kind } from "./kind.ts";
import { compartmentKind } from "./kinds/compartment.ts";
import { hostKind } from "./kinds/host.ts";
import { hostAdapterKind } from "./kinds/host-adapter.ts";
import { hostPortKind } from "./kinds/host-port.ts";
import { interfaceKind } from "./kinds/interface.ts";
import { outsideKind } from "./kinds/outside.ts";
import { peerKind } from "./kinds/peer.ts";
import { portKind } from "./kinds/port.ts";
import { switchKind } from "./kinds/switch.ts";
import { tapKind } from "./kinds/tap.ts";
import { tunnelKind } from "./kinds/tunnel.ts";
import { vnicKind } from "./kinds/vnic.ts";

export const kinds: Readonly<Record<NodeKind, Kind>> = {
  outside: outsideKind,
  host: hostKind,
  interface: interfaceKind,
  switch: switchKind,
  hostAdapter: hostAdapterKind,
  hostPort: hostPortKind,
  port: portKind,
  compartment: compartmentKind,
  tap: tapKind,
  vnic: vnicKind,
  tunnel: tunnelKind,
  peer: peerKind,
};
