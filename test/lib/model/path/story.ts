/** One host for the stories below: two networks, three containers, and packets as short as a test can say them. */
import { ip, ipFamily } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import type { Probe, TraceStart } from "../../../../lib/model/path/start.ts";
import type { ConnectionState, Trace } from "../../../../lib/model/path/trace.ts";
import { tracePacket } from "../../../../lib/model/path/trace-packet.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { Scene, SceneHost } from "../../../../lib/model/scene.ts";
import type { HostVnic } from "../../../../lib/model/vnic.ts";
import type { Acl } from "../../../../lib/policy/acl.ts";
import { type ArpPacket, IPPROTO, type IpPacket, type OtherPacket } from "../../../../lib/policy/packet.ts";
import type { Policy } from "../../../../lib/policy/policy.ts";
import type { PortMapping } from "../../../../lib/policy/port-mapping.ts";
import { aclWith } from "../../policy/acls.ts";
import {
  type EndpointCase,
  endpoint,
  type LanCase,
  lan,
  type NetworkCase,
  network,
  scene,
  vnicOnLan,
} from "./scene.ts";

/** What differs from the usual host. */
export interface Host {
  readonly nat?: NetworkCase;
  readonly other?: NetworkCase;
  readonly web?: EndpointCase;
  readonly db?: EndpointCase;
  readonly far?: EndpointCase;
  /** A transparent network of macvlans on the uplink, with "cam" and "tv". */
  readonly lan?: LanCase;
  /** Another one on the same uplink, with "phone". */
  readonly guest?: LanCase;
  readonly cam?: Partial<HostVnic>;
  readonly host?: Partial<SceneHost>;
}

type Sender = "web" | "db" | "far" | "cam" | "tv" | "phone";

export interface Story extends Host {
  readonly from: Sender | "host" | "outside";
  /** `ADDRESS` for an echo request, `tcp ADDRESS PORT` ..., `arp ADDRESS`, `frame`. */
  readonly to: string;
  readonly packet?: Partial<IpPacket> | Partial<ArpPacket> | Partial<OtherPacket>;
  readonly state?: ConnectionState;
}

export interface Told {
  readonly trace: Trace;
  readonly scene: Scene;
}

const outsider = { 4: ip("198.51.100.7"), 6: ip("2001:db8:1::7") } as const;

/** Those who hang on the uplink are there where a story has their network. */
export function usual({ nat, other, web, db, far, host, cam, ...wire }: Host = {}) {
  const networks = {
    nat: network("nat", ["10.1.0.1/24", "fd01::1/64"], nat),
    other: network("other", ["10.2.0.1/24", "fd02::1/64"], other),
  };
  const endpoints = {
    web: endpoint(networks.nat, "web", ["10.1.0.2/24", "fd01::2/64"], web),
    db: endpoint(networks.nat, "db", ["10.1.0.3/24", "fd01::3/64"], db),
    far: endpoint(networks.other, "far", ["10.2.0.2/24", "fd02::2/64"], far),
  };
  const onWire = besideUplink(wire, cam);
  const all = [...Object.values(networks), ...onWire.networks];
  const plans = [...Object.values(endpoints), ...Object.values(onWire.endpoints)];
  return { networks, endpoints, onWire: onWire.endpoints, scene: scene(all, plans, host) };
}

function besideUplink({ lan: first, guest: second }: Pick<Host, "lan" | "guest">, cam?: Partial<HostVnic>) {
  const [home, guest] = [first && lan("lan", first), second && lan("guest", second)];
  return {
    networks: [home, guest].filter((network) => network !== undefined),
    endpoints: {
      ...(home && {
        cam: vnicOnLan(home, "cam", ["192.0.2.100/24", "2001:db8::100/64"], cam),
        tv: vnicOnLan(home, "tv", ["192.0.2.101/24", "2001:db8::101/64"]),
      }),
      ...(guest && { phone: vnicOnLan(guest, "phone", ["192.0.2.150/24", "2001:db8::150/64"]) }),
    },
  };
}

export function tell(story: Story): Told {
  const { scene: built, endpoints, onWire } = usual(story);
  const { from, to, packet, state = "new" } = story;
  const start = startOf(from, { ...endpoints, ...onWire });
  const probe = probeTo(to, state);
  const source =
    from === "outside" && probe.kind === "ip" ? { source: outsider[ipFamily(probe.destination)] } : {};
  const whole = { ...source, ...probe, ...packet } as Probe;
  return { scene: built, trace: tracePacket(built, start, whole, { state }) };
}

function startOf(from: Story["from"], endpoints: Readonly<Partial<Record<Sender, Plan>>>): TraceStart {
  if (from === "host" || from === "outside") return { kind: from };
  const plan = endpoints[from];
  if (plan === undefined) throw new Error(`the story has no network with ${from}`);
  return { kind: "endpoint", key: plan.key };
}

export function probeTo(to: string, state: ConnectionState): Probe {
  const [first = "", second, port] = to.split(" ");
  if (first === "frame") return { kind: "other", etherType: 0x88b5, destinationMac: everybody };
  if (first === "arp" && second !== undefined)
    return { kind: "arp", operation: "request", targetIp: ip(second) };
  if (second === undefined) return { kind: "ip", destination: ip(first), ...echo[ipFamily(ip(first))] };
  return {
    kind: "ip",
    destination: ip(second),
    protocol: IPPROTO[first as keyof typeof IPPROTO],
    sourcePort: 40_000,
    ...(port === undefined ? {} : { destinationPort: Number(port) }),
    ...(first === "tcp" ? { opens: state === "new" } : {}),
  };
}

const everybody = mac("ff:ff:ff:ff:ff:ff");

const echo = {
  4: { protocol: IPPROTO.icmp, icmpType: 8 },
  6: { protocol: IPPROTO.icmp6, icmpType: 128 },
} as const;

export const acl = (over: Partial<Acl>): Acl => aclWith({ priority: 100, ...over });

export const published = (address: string, over: Partial<PortMapping> = {}): PortMapping => ({
  kind: "PortMapping",
  protocol: "tcp",
  hostPort: 8080,
  containerPort: 80,
  address: ip(address),
  ...over,
});

export const bears = (...policies: readonly Policy[]): EndpointCase => ({ policies });
