/** Stories of packets in an overlay network of two hosts, by what they are about. Their approved traces are in test/traces. */
import { type Ip, ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { ForeignChain, ForeignHook } from "../../../../lib/model/foreign.ts";
import type { Probe, TraceStart } from "../../../../lib/model/path/start.ts";
import type { ConnectionState, Encapsulation } from "../../../../lib/model/path/trace.ts";
import { type Journey, traceAcross } from "../../../../lib/model/path/trace-across.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { SceneHost, SceneInterface, SceneRoute } from "../../../../lib/model/scene.ts";
import type { OverlayMode } from "../../../../lib/model/switch.ts";
import { IPPROTO, type IpPacket } from "../../../../lib/policy/packet.ts";
import { type OverlayHostCase, overlayHost, peer, vtepOf } from "./overlay-scene.ts";
import { acl, bears, probeTo, published } from "./story.ts";

export interface OverlayStory {
  /** On the first host; or an address of another host; or inside of an outer packet to the first host. */
  readonly from: "web" | "db" | "far" | "host" | Ip | Partial<Encapsulation>;
  /** As in other stories. */
  readonly to: string;
  readonly packet?: Partial<IpPacket>;
  readonly state?: ConnectionState;
  readonly here?: OverlayHostCase;
  /** Absent: the usual one. */
  readonly there?: OverlayHostCase | "unknown";
}

export function tellOverlay(mode: OverlayMode, story: OverlayStory): Journey {
  const { from, to, packet, state = "new", here = {}, there = {} } = story;
  const first = overlayHost(1, mode, here);
  const others = there === "unknown" ? [] : [overlayHost(2, mode, there).scene];
  const [start, source] = startOf(from, first);
  const probe = { ...probeTo(to, state), ...source, ...packet } as Probe;
  return traceAcross(first.scene, start, probe, { state }, others);
}

function startOf(
  from: OverlayStory["from"],
  first: ReturnType<typeof overlayHost>,
): readonly [TraceStart, Partial<IpPacket>] {
  if (typeof from === "object") {
    const usual: Encapsulation = {
      network: "blue",
      vni: 4097,
      source: vtepOf(2),
      vtep: vtepOf(1),
      port: 4789,
    };
    return [{ kind: "tunnel", tunnel: { ...usual, ...from } }, {}];
  }
  if (from === "host") return [{ kind: "host" }, {}];
  const { web, db, far } = first;
  const plan = new Map<string, Plan>(Object.entries({ web, db, far })).get(from);
  return plan === undefined
    ? [{ kind: "outside" }, { source: ip(from) }]
    : [{ kind: "endpoint", key: plan.key }, {}];
}

const without = (name: string) => (host: SceneHost) => ({
  interfaces: host.interfaces.filter((link) => link.name !== name),
});
const withLink = (name: string, over: Partial<SceneInterface>) => (host: SceneHost) => ({
  interfaces: host.interfaces.map((link) => (link.name === name ? { ...link, ...over } : link)),
});
const withoutRoutes = (gone: (route: SceneRoute) => boolean) => (host: SceneHost) => ({
  routes: host.routes.filter((route) => !gone(route)),
});
const byTunnel = ({ interface: name }: { readonly interface?: string }): boolean => name === "vsx-blue";
const firewall =
  (hook: ForeignHook, ...rules: ForeignChain["rules"]) =>
  () => ({
    foreign: [
      {
        table: "inet fw",
        chain: hook,
        base: { type: "filter", hook, priority: 0, policy: "drop" as const },
        rules,
      },
    ],
  });
const etcd = { type: "etcd", revision: "4711" } as const;
const judged = { In: "Block", Out: "Allow" } as const;
const inside = { sourceMac: peer(2, "routed").mac, destinationMac: peer(1, "routed").mac };

const routed: Readonly<Record<string, OverlayStory>> = {
  "to a container of another host, and there": { from: "web", to: "tcp 10.40.2.2 80" },
  "to a container of another host, IPv6": { from: "web", to: "tcp fd00:40:2::2 80" },
  "to another host whose switch is not known here": {
    from: "web",
    to: "tcp 10.40.2.2 80",
    here: { directory: etcd },
    there: "unknown",
  },
  "an ACL of the other host's container": {
    from: "web",
    to: "tcp 10.40.2.2 80",
    there: { web: { aclDefault: judged } },
  },
  "an ACL of its own container stops it here": {
    from: "web",
    to: "tcp 10.40.2.2 80",
    here: {
      web: {
        ...bears(acl({ action: "Block", direction: "Out" })),
        aclDefault: { In: "Allow", Out: "Allow" },
      },
    },
  },
  "an address of the other host that no container has": { from: "web", to: "10.40.2.77" },
  "an address of the network that no host has": { from: "web", to: "10.40.9.9" },
  "an address of the network that no host has, from the host": { from: "host", to: "10.40.9.9" },
  "an address that the directory knows and the host has no route to": {
    from: "web",
    to: "10.40.2.2",
    here: { directory: etcd, host: withoutRoutes(byTunnel) },
  },
  "a neighbour row that is gone": {
    from: "web",
    to: "10.40.2.2",
    here: { host: (host) => ({ neighbours: host.neighbours.filter((one) => !byTunnel(one)) }) },
  },
  "a forwarding row that is gone": { from: "web", to: "10.40.2.2", here: { host: () => ({ fdb: [] }) } },
  "a neighbour row that somebody made, for a MAC that nobody knows": {
    from: "web",
    to: "10.40.2.2",
    here: {
      host: (host) => ({
        neighbours: host.neighbours.map((one) =>
          byTunnel(one) ? { ...one, mac: mac("02:00:00:00:00:99") } : one,
        ),
      }),
    },
  },
  "a tunnel that is gone, with its routes": {
    from: "web",
    to: "10.40.2.2",
    here: { host: (host) => ({ ...without("vsx-blue")(host), ...withoutRoutes(byTunnel)(host) }) },
  },
  "a tunnel that is down": {
    from: "web",
    to: "10.40.2.2",
    here: { host: withLink("vsx-blue", { up: false }) },
  },
  "a tunnel that somebody made a port of a bridge": {
    from: "web",
    to: "10.40.2.2",
    here: { host: withLink("vsx-blue", { master: "br0" }) },
  },
  "no route to the other host on the underlay": {
    from: "web",
    to: "10.40.2.2",
    here: {
      host: withoutRoutes(
        ({ interface: name, destination }) => name === "eth0" && !destination.includes(":"),
      ),
    },
  },
  "a VTEP that is the host's own": {
    from: "web",
    to: "10.40.2.2",
    here: { peers: [peer(2, "routed", { vtep: vtepOf(1), mac: mac("02:00:00:00:00:98") })] },
  },
  "a tunnel that sends from an address that the host has lost": {
    from: "web",
    to: "10.40.2.2",
    here: { host: withLink("eth0", { addresses: [prefix("192.0.2.77/24")] }) },
  },
  "an uplink that is down": {
    from: "web",
    to: "10.40.2.2",
    here: {
      host: withLink("eth0", { carrier: false }),
    },
  },
  "a packet that is as big as the network carries": {
    from: "web",
    to: "10.40.2.2",
    packet: { bytes: 1450 },
  },
  "a packet that is bigger than the network carries": {
    from: "host",
    to: "10.40.2.2",
    packet: { bytes: 1451 },
  },
  "a packet that is bigger than what the other host can take": {
    from: "web",
    to: "10.40.2.2",
    packet: { bytes: 1450 },
    here: { peers: [peer(2, "routed", { mtu: 1400 })] },
  },
  "a packet that is too big for the underlay, whose MTU was lowered": {
    from: "web",
    to: "10.40.2.2",
    packet: { bytes: 1450 },
    here: { host: withLink("eth0", { mtu: 1400 }) },
  },
  "a packet that is too big for the underlay, by a tunnel that lets it be cut": {
    from: "web",
    to: "10.40.2.2",
    packet: { bytes: 1450 },
    here: {
      host: (host) => ({
        interfaces: withLink("vsx-blue", { vxlan: { vni: 4097, udpPort: 4789, local: vtepOf(1) } })({
          ...host,
          ...withLink("eth0", { mtu: 1400 })(host),
        }).interfaces,
      }),
    },
  },
  "a firewall of this host that drops outer packets": {
    from: "web",
    to: "10.40.2.2",
    here: { host: firewall("output") },
  },
  "a firewall of this host that drops what leaves it": {
    from: "host",
    to: "10.40.2.2",
    here: {
      host: firewall("postrouting", {
        text: 'oifname != "eth0" accept',
        conditions: [{ kind: "out", interface: "eth0", negated: true }],
        verdict: { kind: "accept" },
      }),
    },
  },
  "a firewall of the other host that drops outer packets, as of no known connection": {
    from: "web",
    to: "10.40.2.2",
    there: {
      host: firewall("input", {
        text: "ct state established,related accept",
        conditions: [{ kind: "state", states: ["established", "related"] }],
        verdict: { kind: "accept" },
      }),
    },
  },
  "a firewall of the other host that lets what is not tracked pass": {
    from: "web",
    to: "10.40.2.2",
    there: {
      host: firewall("input", {
        text: "ct state untracked accept",
        conditions: [{ kind: "state", states: ["untracked"] }],
        verdict: { kind: "accept" },
      }),
    },
  },
  "a firewall whose rule about outer packets is not understood": {
    from: "web",
    to: "10.40.2.2",
    there: {
      host: firewall("prerouting", {
        text: "meta mark 7 accept",
        conditions: [{ kind: "unknown", text: "meta mark 7" }],
        verdict: { kind: "accept" },
      }),
    },
  },
  "a host that the other one does not know": {
    from: "web",
    to: "10.40.2.2",
    there: { peers: [], directory: etcd },
  },
  "a host whose network has another VNI": { from: "web", to: "10.40.2.2", there: { vni: 4098 } },
  "a host that is another one than the directory says": {
    from: "web",
    to: "10.40.2.2",
    there: { tunnel: { mac: mac("02:00:00:00:00:97") } },
  },
  "a host that does not have the VTEP": {
    from: { vtep: vtepOf(7) },
    to: "10.40.1.2",
    packet: { source: ip("10.40.2.2"), ...inside },
  },
  "a host whose tunnel is down": {
    from: "web",
    to: "10.40.2.2",
    there: { host: withLink("vsx-blue", { up: false }) },
  },
  "a host whose uplink is down": {
    from: { source: vtepOf(2) },
    to: "10.40.1.2",
    packet: { source: ip("10.40.2.2"), ...inside },
    here: {
      host: (host) => ({
        interfaces: withLink("eth0", { up: false })(host).interfaces.map((link) =>
          link.name === "lo" ? { ...link, addresses: [...link.addresses, prefix("192.0.2.1/32")] } : link,
        ),
      }),
    },
  },
  "from another host's container, as it comes": { from: ip("10.40.2.2"), to: "tcp 10.40.1.2 80" },
  "from another host's container, IPv6": { from: ip("fd00:40:2::2"), to: "tcp fd00:40:1::2 80" },
  "inside of an outer packet, with an address that does not lead back": {
    from: {},
    to: "10.40.1.2",
    packet: { source: ip("198.51.100.7"), ...inside },
  },
  "inside of an outer packet, with an IPv6 address that does not lead back": {
    from: {},
    to: "fd00:40:1::2",
    packet: { source: ip("2001:db8:9::7"), ...inside },
  },
  "inside of an outer packet, to the host, from an address of the host": {
    from: {},
    to: "tcp 10.40.1.1 22",
    packet: { source: ip("10.40.1.1"), ...inside },
  },
  "inside of an outer packet, multicast from an address of the link": {
    from: {},
    to: "udp ff02::fb 5353",
    packet: { source: ip("fe80::7"), ...inside },
  },
  "an encrypted network leaves by its uplink alone": {
    from: "web",
    to: "10.40.2.2",
    here: {
      tunnel: { sealed: true, uplink: "wg0" },
      host: (host) => ({
        interfaces: [
          ...host.interfaces,
          {
            name: "wg0",
            mac: mac("02:00:00:00:00:0a"),
            mtu: 1500,
            up: true,
            addresses: [prefix("192.0.2.1/32")],
          },
        ],
      }),
    },
  },
  "an encrypted network takes nothing that comes by another link": {
    from: "web",
    to: "10.40.2.2",
    there: { tunnel: { sealed: true, uplink: "wg0" } },
  },
  "from one host to another by way of this one": {
    from: ip("10.40.2.2"),
    to: "10.40.3.2",
    here: { peers: [peer(2, "routed"), peer(3, "routed")] },
  },
  "to a published port of a container, by the gateway of its host": {
    from: "web",
    to: "tcp 10.40.2.1 8080",
    there: { web: bears(published("10.40.2.2")) },
  },
  "out to the world is masqueraded as ever": { from: "web", to: "tcp 198.51.100.9 443" },
  "with an OutBoundNAT of its own it keeps its address within the network": {
    from: "web",
    to: "tcp 10.40.2.2 80",
    here: {
      web: bears({ kind: "OutBoundNAT", addresses: [ip("10.40.1.2")], exceptions: [], destinations: [] }),
    },
  },
  "the host itself, from its address in the network": { from: "host", to: "tcp 10.40.2.2 80" },
  "another network of the host does not reach other hosts": {
    from: "far",
    to: "tcp 10.40.2.2 80",
    here: { reachable: true },
  },
  "other hosts do not reach another network": { from: ip("10.40.2.2"), to: "tcp 10.1.0.2 80" },
  "other hosts reach a network that all may reach": {
    from: ip("10.40.2.2"),
    to: "tcp 10.1.0.2 80",
    here: { nat: { reachable: true } },
  },
  "an isolated network ends at its host": { from: "web", to: "tcp 10.40.2.2 80", here: { isolated: true } },
  "an answer passes where a new connection does not": {
    from: "web",
    to: "tcp 10.40.2.2 80",
    state: "established",
    here: { isolated: true },
    there: { isolated: true },
  },
};

const unknownMac = mac("02:00:00:00:00:99");

const stretched: Readonly<Record<string, OverlayStory>> = {
  "to a container of another host, and there": { from: "web", to: "tcp 10.50.0.22 80" },
  "to a container of another host, IPv6": { from: "web", to: "tcp fd00:50::22 80" },
  "who has a container of another host: the switch answers": { from: "web", to: "arp 10.50.0.22" },
  "who has an address that nobody has": { from: "web", to: "arp 10.50.0.77" },
  "an address that nobody has": { from: "web", to: "10.50.0.77", here: { directory: etcd } },
  "a container that the directory knows and the switch does not": {
    from: "web",
    to: "10.50.0.22",
    here: { directory: etcd, host: (host) => ({ fdb: host.fdb?.filter(({ on }) => on === "self") ?? [] }) },
  },
  "a MAC that nobody has": { from: "web", to: "10.50.0.22", packet: { destinationMac: unknownMac } },
  "a forwarding row that is gone": {
    from: "web",
    to: "10.50.0.22",
    here: { host: (host) => ({ fdb: host.fdb?.filter(({ on }) => on === "master") ?? [] }) },
  },
  "a tunnel that is on no switch": {
    from: "web",
    to: "10.50.0.22",
    here: {
      host: (host) => ({
        interfaces: host.interfaces.map((link) => {
          const { master: _, ...free } = link;
          return link.name === "vsx-blue" ? free : link;
        }),
      }),
    },
  },
  "a packet that is bigger than the tunnel carries": {
    from: "web",
    to: "10.50.0.22",
    packet: { bytes: 1450 },
    here: { host: withLink("vsx-blue", { mtu: 1400 }) },
  },
  "an ACL of the other host's container": {
    from: "web",
    to: "tcp 10.50.0.22 80",
    there: { web: { aclDefault: judged } },
  },
  "an isolated network": { from: "web", to: "tcp 10.50.0.22 80", here: { isolated: true } },
  "a container that has gone from the other host": {
    from: "web",
    to: "10.50.0.24",
    here: {
      peers: [
        peer(2, "stretched", {
          endpoints: [{ addresses: [ip("10.50.0.24")], mac: mac("0e:2a:0a:32:00:18") }],
        }),
      ],
    },
  },
  "multicast goes to no other host": { from: "web", to: "udp 224.0.0.251 5353" },
  "multicast goes to all hosts where it shall": {
    from: "web",
    to: "udp 224.0.0.251 5353",
    here: {
      tunnel: { flood: true },
      host: (host) => ({
        fdb: [
          ...(host.fdb ?? []),
          { mac: mac("00:00:00:00:00:00"), interface: "vsx-blue", on: "self", vtep: vtepOf(2) },
        ],
      }),
    },
  },
  "the host itself, whose address the other host has, too": { from: "host", to: "tcp 10.50.0.22 80" },
  "another network that may reach it": {
    from: "far",
    to: "tcp 10.50.0.22 80",
    here: { reachable: ["nat"] },
  },
  "from another host's container, as it comes": { from: ip("10.50.0.22"), to: "tcp 10.50.0.12 80" },
  "multicast from another host": {
    from: {},
    to: "udp 224.0.0.251 5353",
    packet: {
      source: ip("10.50.0.22"),
      sourceMac: mac("0e:2a:0a:32:00:16"),
      destinationMac: mac("01:00:5e:00:00:fb"),
      protocol: IPPROTO.udp,
    },
  },
  "a rule for bridges that drops what comes out of the tunnel": {
    from: "web",
    to: "10.50.0.22",
    there: {
      host: () => ({
        foreign: [
          {
            table: "bridge fw",
            chain: "in",
            base: { type: "filter", hook: "prerouting", priority: 0, policy: "accept" },
            rules: [
              {
                text: 'iifname "vsx-blue" drop',
                conditions: [{ kind: "in", interface: "vsx-blue" }],
                verdict: { kind: "drop" },
              },
            ],
          },
        ],
      }),
    },
  },
};

export const overlayStories: Readonly<Record<OverlayMode, Readonly<Record<string, OverlayStory>>>> = {
  routed,
  stretched,
};
