/** Hosts of one overlay network, as short as a test can say them: number N is 192.0.2.N on the underlay, "host-N" by name. */
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix, prefixAddress } from "../../../../lib/addr/prefix.ts";
import { rowsOf } from "../../../../lib/linux/overlay/rows.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import { type Plan, switchMac, switchName, tunnelName } from "../../../../lib/model/plan.ts";
import type {
  Scene,
  SceneDirectory,
  SceneHost,
  SceneInterface,
  SceneNetwork,
  SceneRoute,
} from "../../../../lib/model/scene.ts";
import { isOverlay, type OverlayMode, type OverlaySwitch } from "../../../../lib/model/switch.ts";
import { vtepMac } from "../../../../lib/model/vtep.ts";
import { bridge, connected, type EndpointCase, endpoint, lo, network, port, route } from "./scene.ts";

export const vtepOf = (number: number) => ip(`192.0.2.${number}`);

/** What differs from the usual network of the mode. */
export interface OverlayCase extends Partial<Omit<OverlaySwitch, "kind" | "tunnel">> {
  readonly tunnel?: Partial<OverlaySwitch["tunnel"]>;
  readonly peers?: readonly Peer[];
  readonly directory?: Partial<SceneDirectory> | false;
}

const gatewaysOf = (number: number, mode: OverlayMode): readonly string[] =>
  mode === "routed" ? [`10.40.${number}.1/24`, `fd00:40:${number}::1/64`] : ["10.50.0.1/24", "fd00:50::1/64"];

const cidrs: Readonly<Record<OverlayMode, readonly string[]>> = {
  routed: ["10.40.0.0/16", "fd00:40::/32"],
  stretched: [],
};

/** Container `last` of host N: 10.40.N.`last` where hosts have subnets of their own, else 10.50.0.N`last`. */
export const addressesAt = (number: number, mode: OverlayMode, last: number): readonly string[] =>
  mode === "routed"
    ? [`10.40.${number}.${last}/24`, `fd00:40:${number}::${last}/64`]
    : [`10.50.0.${number}${last}/24`, `fd00:50::${number}${last}/64`];

export function peer(number: number, mode: OverlayMode, over: Partial<Peer> = {}): Peer {
  const own = [2, 3].map((last) =>
    addressesAt(number, mode, last).map((text) => prefixAddress(prefix(text))),
  );
  return {
    node: `host-${number}`,
    vtep: vtepOf(number),
    mac: vtepMac(vtepOf(number)),
    subnets: mode === "routed" ? [`10.40.${number}.0/24`, `fd00:40:${number}::/64`].map(prefix) : [],
    endpoints:
      mode === "stretched"
        ? own.map((addresses) => ({ addresses, mac: vtepMac(addresses[0] ?? vtepOf(number)) }))
        : [],
    ...over,
  };
}

/** Called "blue". Hosts 1 and 2 know each other; the configuration says so. */
export function overlay(
  number: number,
  mode: OverlayMode,
  { tunnel, peers, directory, ...over }: OverlayCase = {},
): SceneNetwork<OverlaySwitch> {
  const vtep = vtepOf(number);
  const vswitch: OverlaySwitch = {
    kind: "overlay",
    network: "blue",
    name: switchName("blue"),
    mac: switchMac("blue"),
    mtu: 1450,
    gateways: gatewaysOf(number, mode).map(prefix),
    forwarding: [4, 6],
    outboundNat: { exceptions: [] },
    vni: 4097,
    mode,
    cidrs: cidrs[mode].map(prefix),
    ...over,
    tunnel: {
      name: tunnelName("blue"),
      uplink: "eth0",
      vtep,
      mac: vtepMac(vtep),
      udpPort: 4789,
      ...tunnel,
    },
  };
  const known: SceneDirectory = {
    type: "static",
    revision: "0",
    savedMs: 0,
    peers: peers ?? [peer(3 - number, mode)],
    ...(directory === false ? {} : directory),
  };
  return {
    name: "blue",
    kind: "overlay",
    switch: vswitch,
    ...(directory === false ? {} : { directory: known }),
  };
}

export interface OverlayHostCase extends OverlayCase {
  /** Containers 2 and 3 of the host. */
  readonly web?: EndpointCase;
  readonly db?: EndpointCase;
  readonly nat?: Parameters<typeof network>[2];
  /** Laid over what the kernel would show. */
  readonly host?: (host: SceneHost) => Partial<SceneHost>;
}

export interface OverlayHost {
  readonly scene: Scene;
  readonly web: Plan;
  readonly db: Plan;
  /** On the network "nat" of this host. */
  readonly far: Plan;
}

export function overlayHost(
  number: number,
  mode: OverlayMode,
  { web = {}, db = {}, nat, host, ...of }: OverlayHostCase = {},
): OverlayHost {
  const blue = overlay(number, mode, of);
  const other = network("nat", ["10.1.0.1/24", "fd01::1/64"], nat);
  const named = (id: string, last: number, over: EndpointCase): Plan => {
    const addresses = addressesAt(number, mode, last);
    const own = vtepMac(prefixAddress(prefix(addresses[0] ?? "")));
    return endpoint(blue, id, addresses, { ...over, vnic: { mac: own, ...over.vnic } });
  };
  const plans = {
    web: named("web", 2, web),
    db: named("db", 3, db),
    far: endpoint(other, "far", ["10.1.0.2/24", "fd01::2/64"]),
  };
  const whole = hostOf(number, [blue, other], Object.values(plans));
  return {
    ...plans,
    scene: {
      networks: [blue, other],
      endpoints: Object.values(plans),
      host: { ...whole, ...host?.(whole) },
    },
  };
}

/** As the kernel would show it once all of this is attached, and the other hosts are reached. */
function hostOf(number: number, networks: readonly SceneNetwork[], endpoints: readonly Plan[]): SceneHost {
  const uplink: SceneInterface = {
    name: "eth0",
    mac: mac(`02:00:00:00:00:0${number}`),
    mtu: 1500,
    up: true,
    addresses: [prefix(`192.0.2.${number}/24`), prefix(`2001:db8::${number}/64`)],
  };
  const tunnels = networks.flatMap(({ switch: vswitch }) => (isOverlay(vswitch) ? [tunnelOf(vswitch)] : []));
  const bridges = networks.map(({ switch: vswitch }) => bridge(vswitch));
  const interfaces = [lo, uplink, ...bridges, ...endpoints.map(port), ...tunnels];
  const rows = networks.map(remoteRows);
  return {
    interfaces,
    routes: [
      ...interfaces.flatMap(connected),
      route("0.0.0.0/0", { gateway: ip("192.0.2.254"), interface: "eth0" }),
      route("::/0", { gateway: ip("2001:db8::254"), interface: "eth0", priority: 1024 }),
      ...rows.flatMap(({ routes }) => routes ?? []),
    ],
    neighbours: [
      { address: vtepOf(3 - number), mac: mac(`02:00:00:00:00:0${3 - number}`), interface: "eth0" },
      ...rows.flatMap(({ neighbours }) => neighbours ?? []),
    ],
    forwarding: { 4: true, 6: true },
    foreign: [],
    fdb: rows.flatMap(({ fdb }) => fdb ?? []),
  };
}

const tunnelOf = ({ name: switchOfIt, mtu, mode, vni, tunnel }: OverlaySwitch): SceneInterface => ({
  name: tunnel.name,
  kind: "vxlan",
  mac: tunnel.mac,
  mtu,
  up: true,
  addresses: [],
  vxlan: { vni, udpPort: tunnel.udpPort, local: tunnel.vtep, df: "inherit" },
  ...(mode === "stretched" ? { master: switchOfIt } : {}),
});

function remoteRows({ switch: vswitch, directory }: SceneNetwork): Partial<SceneHost> {
  if (!isOverlay(vswitch)) return {};
  const { name } = vswitch.tunnel;
  const rows = rowsOf(vswitch, directory?.peers ?? []);
  return {
    routes: rows.routes.map(
      ({ destination, gateway, source, mtu }): SceneRoute =>
        gateway === undefined
          ? route(destination, { type: "unreachable", priority: 0x7000_0000 + vswitch.vni })
          : route(destination, {
              gateway,
              interface: name,
              priority: 100,
              ...(source === undefined ? {} : { source }),
              ...(mtu === undefined ? {} : { mtu }),
            }),
    ),
    neighbours: rows.neighbours.map((one) => ({
      ...one,
      interface: vswitch.mode === "routed" ? name : vswitch.name,
    })),
    fdb: [
      ...rows.forwarding.map((row) => ({ ...row, interface: name, on: "self" as const })),
      ...rows.behind.map((one) => ({ mac: one, interface: name, on: "master" as const })),
    ],
  };
}
