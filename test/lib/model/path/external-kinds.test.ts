import { expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { Probe, TraceStart } from "../../../../lib/model/path/start.ts";
import { tracePacket } from "../../../../lib/model/path/trace-packet.ts";
import { type Plan, portName } from "../../../../lib/model/plan.ts";
import type { SceneInterface } from "../../../../lib/model/scene.ts";
import type { AnyExternalSwitch } from "../../../../lib/model/switch.ts";
import { IPPROTO } from "../../../../lib/policy/packet.ts";
import { minimal } from "../../../../plugins/vswitch/trace/format-minimal.ts";
import { endpoint, lan, network as natNetwork, route, scene, vnicOnLan } from "./scene.ts";

const uplinkMac = mac("02:00:00:00:00:01");
const own = ["192.0.2.10/24"].map(prefix);
const common = { network: "lan", mtu: 1500, gateways: [], uplink: "eth0", lower: "eth0" } as const;
const kinds = {
  bridge: {
    ...common,
    kind: "bridge",
    name: "br0",
    mac: uplinkMac,
    forwarding: [],
    host: {} as never,
  },
  routed: {
    ...common,
    kind: "routed",
    name: "br0",
    mac: mac("02:00:00:00:00:44"),
    forwarding: [4],
    reachable: true,
  },
  ipvlan: { ...common, kind: "ipvlan", name: "eth0", forwarding: [], mode: "l2", uplinkMac },
} satisfies Record<string, AnyExternalSwitch>;
type Kind = keyof typeof kinds;

const link = (name: string, over: Partial<SceneInterface> = {}): SceneInterface => ({
  name,
  mtu: 1500,
  up: true,
  mac: uplinkMac,
  addresses: [],
  ...over,
});

const nat = natNetwork("nat", ["10.7.0.1/24"]);

/**
 * "a" and "b" on a network of the kind, and one on a nat network; the host has .10, and others of the LAN are beyond the
 * uplink.
 */
function hostOf(kind: Kind) {
  const vswitch: AnyExternalSwitch = kinds[kind];
  const plans = [100, 101].map((n): Plan => {
    const plan = vnicOnLan(lan("lan"), `c${n}`, [`192.0.2.${n}/24`]);
    const shared = kind === "ipvlan" ? { mac: uplinkMac } : {};
    return { ...plan, switch: vswitch, vnic: { ...plan.vnic, ...shared } };
  });
  const ports = plans.map(({ key }) => link(portName(key), { kind: "veth", master: "br0" }));
  const links: Record<Kind, readonly SceneInterface[]> = {
    bridge: [link("eth0", { master: "br0" }), link("br0", { kind: "bridge", addresses: own }), ...ports],
    routed: [
      link("eth0", { addresses: own }),
      link("br0", { kind: "bridge", mac: kinds.routed.mac }),
      ...ports,
    ],
    ipvlan: [link("eth0", { addresses: own })],
  };
  const by = kind === "bridge" ? "br0" : "eth0";
  const routes = [
    route("192.0.2.0/24", { interface: by }),
    ...(kind === "routed" ? [100, 101].map((n) => route(`192.0.2.${n}/32`, { interface: "br0" })) : []),
  ];
  const network = { name: "lan", kind: "transparent", switch: vswitch };
  const behind = endpoint(nat, "n", ["10.7.0.2/24"]);
  const ofNat = [
    link(nat.switch.name, { kind: "bridge", mac: nat.switch.mac, addresses: nat.switch.gateways }),
    link(portName(behind.key), { kind: "veth", master: nat.switch.name }),
  ];
  return {
    plans: [...plans, behind],
    scene: scene([network, nat], [...plans, behind], {
      interfaces: [...links[kind], ...ofNat],
      routes: [...routes, route("10.7.0.0/24", { interface: nat.switch.name })],
      neighbours: [],
    }),
  };
}

type From = "a" | "nat" | "host" | "outside";

function traced(kind: Kind, from: From, to: string) {
  const { plans, scene: whole } = hostOf(kind);
  const key = plans.at(from === "nat" ? -1 : 0)?.key ?? "";
  const start: TraceStart = from === "a" || from === "nat" ? { kind: "endpoint", key } : { kind: from };
  const probe = {
    kind: "ip",
    destination: ip(to),
    protocol: IPPROTO.icmp,
    icmpType: 8,
    ...(from === "outside" ? { source: ip("192.0.2.77") } : {}),
  } as Probe;
  return tracePacket(whole, start, probe);
}

const end = (kind: Kind, from: From, to: string): string | undefined =>
  minimal(traced(kind, from, to))
    .at(-1)
    ?.split(" icmp")[0];

test.each<[From, string]>([
  ["a", "192.0.2.10"],
  ["host", "192.0.2.101"],
])(
  "ipvlans and the host (from %s to %s) are not told to use hostAccess, which they cannot have",
  (from, to) => {
    const { verdict } = traced("ipvlan", from, to);
    expect(verdict).toMatchObject({ kind: "dropped", remedy: expect.stringContaining('"switch": "routed"') });
    expect(JSON.stringify(verdict)).not.toContain("hostAccess");
  },
);

test.each<[Kind, From, string, string]>([
  ["bridge", "a", "192.0.2.101", "delivered lan/c101/eth0"],
  ["bridge", "a", "192.0.2.77", "leaves eth0"],
  ["bridge", "a", "192.0.2.10", "delivered host"],
  ["bridge", "host", "192.0.2.100", "delivered lan/c100/eth0"],
  ["bridge", "host", "192.0.2.77", "leaves br0"],
  ["bridge", "outside", "192.0.2.100", "delivered lan/c100/eth0"],
  ["bridge", "outside", "192.0.2.10", "delivered host"],
  ["bridge", "nat", "192.0.2.100", "delivered lan/c100/eth0"],
  ["routed", "nat", "192.0.2.100", "delivered lan/c100/eth0"],
  ["routed", "a", "192.0.2.101", "delivered lan/c101/eth0"],
  ["routed", "a", "192.0.2.77", "leaves eth0"],
  ["routed", "a", "192.0.2.10", "delivered host"],
  ["routed", "host", "192.0.2.100", "delivered lan/c100/eth0"],
  ["routed", "outside", "192.0.2.100", "delivered lan/c100/eth0"],
  ["ipvlan", "a", "192.0.2.101", "delivered lan/c101/eth0"],
  ["ipvlan", "a", "192.0.2.77", "leaves eth0"],
  ["ipvlan", "a", "192.0.2.10", "dropped vnic.neighbour host-apart"],
  ["ipvlan", "host", "192.0.2.101", "dropped host.neighbour host-apart"],
  ["ipvlan", "outside", "192.0.2.101", "delivered lan/c101/eth0"],
])("on a switch of kind %s a packet from %s to %s is %s", (kind, from, to, verdict) => {
  expect(end(kind, from, to)).toBe(verdict);
});
