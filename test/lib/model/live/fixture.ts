/** Signs of a probe from container `a` to container `b` of network `nat`, as a platform tells them. */
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { LiveContext } from "../../../../lib/model/live/conclude.ts";
import type { LiveEvent, LiveHook, LiveLayer, LiveSpace } from "../../../../lib/model/live/event.ts";
import type { LiveHeader } from "../../../../lib/model/live/live.ts";
import { ownerKey } from "../../../../lib/model/owner.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { InternalSwitch } from "../../../../lib/model/switch.ts";

const gateway = ip("10.61.0.1");

export function planOf(containerId: string, address: string): Plan<InternalSwitch> {
  const owner = { network: "nat", containerId, ifname: "eth0" };
  return {
    owner,
    key: ownerKey(owner),
    compartment: { path: `/run/netns/${containerId}` },
    switch: {
      kind: "internal",
      network: "nat",
      name: "vsw-nat",
      mac: mac("02:00:00:00:00:01"),
      mtu: 1500,
      gateways: [prefix("10.61.0.1/24")],
      forwarding: [4],
    },
    port: { name: `vp-${containerId}`, policies: [] },
    vnic: {
      type: "hostVnic",
      name: "eth0",
      mac: mac("02:00:00:00:00:02"),
      mtu: 1500,
      addresses: [prefix(`${address}/24`)],
      routes: [{ destination: prefix("0.0.0.0/0"), gateway }],
    },
  };
}

export const a = planOf("a", "10.61.0.2");
export const b = planOf("b", "10.61.0.3");
export const header: LiveHeader = { source: ip("10.61.0.2"), destination: ip("10.61.0.3") };

export const context: LiveContext = {
  request: { from: a, receivers: [b], endpoints: [a, b] },
  sent: header,
  gateways: [ip("192.0.2.2")],
  blind: [],
};

export const outer = { source: ip("192.0.2.1"), destination: ip("192.0.2.2"), vni: 4097 };
export const tunnels = [{ name: "vsx-nat", network: "nat", vteps: [outer.destination] }];

const host: LiveSpace = { kind: "host" };
const sender: LiveSpace = { kind: "sender" };
const receiver: LiveSpace = { kind: "receiver", key: b.key };

const frame = (
  space: LiveSpace,
  name: string,
  direction: "in" | "out",
  ms: number,
  seen: LiveHeader = header,
): LiveEvent => ({ kind: "frame", ms, space, interface: name, direction, header: seen });

export const signs = {
  sent: frame(sender, "eth0", "out", 0.1),
  atPort: frame(host, "vp-a", "in", 0.2),
  atSwitch: frame(host, "vsw-nat", "in", 0.3),
  toPort: frame(host, "vp-b", "out", 0.8),
  received: frame(receiver, "eth0", "in", 0.9),
  toUplink: (seen: LiveHeader) => frame(host, "eth0", "out", 0.8, seen),
  /** Of a host of an overlay network whose tunnel is vsx-nat. */
  atTunnel: (direction: "in" | "out") => frame(host, "vsx-nat", direction, 0.6),
  onUnderlay: (direction: "in" | "out") => frame(host, "eth0", direction, 0.8, { ...header, tunnel: outer }),
  hook: (layer: LiveLayer, hook: LiveHook, edge: "first" | "last"): LiveEvent => ({
    kind: "hook",
    ms: 5,
    layer,
    hook,
    edge,
  }),
  rule: (
    layer: LiveLayer,
    hook: LiveHook,
    [table, chain]: readonly [string, string],
    verdict: string,
    rule?: string,
  ): LiveEvent => ({
    kind: "rule",
    ms: 5,
    layer,
    hook,
    table,
    chain,
    verdict,
    ...(rule !== undefined && { rule }),
  }),
  asks: (space: "sender" | "host", target: string, question = true): LiveEvent => ({
    kind: "neighbour",
    ms: 0.05,
    space: { kind: space },
    interface: "eth0",
    direction: question ? "out" : "in",
    question,
    target: ip(target),
    asker: space === "sender" ? header.source : gateway,
  }),
  error: (from: string, type: number, code: number): LiveEvent => ({
    kind: "error",
    ms: 1,
    space: sender,
    interface: "eth0",
    direction: "in",
    from: ip(from),
    type,
    code,
  }),
};
