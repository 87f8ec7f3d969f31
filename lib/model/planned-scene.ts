/** The scene of a host whose kernel nobody here can ask: everything is taken for as it was planned. Pure. */
import { networkOf, type Prefix, prefix, prefixFamily } from "../addr/prefix.ts";
import type { Plan } from "./plan.ts";
import type { Scene, SceneHost, SceneInterface, SceneNetwork, SceneRoute } from "./scene.ts";
import { isOverlay, isStacked, type OverlaySwitch, type PortedSwitch, switchAddresses } from "./switch.ts";
import { vxlanOverhead } from "./vtep.ts";

/**
 * Good for what comes to the host. Its routes beyond are one default route by each uplink, and there are no rules of other
 * programs.
 */
export function plannedScene(networks: readonly SceneNetwork[], endpoints: readonly Plan[]): Scene {
  return { networks, endpoints, host: plannedHost(networks, endpoints) };
}

function plannedHost(networks: readonly SceneNetwork[], endpoints: readonly Plan[]): SceneHost {
  const overlays = networks.flatMap(({ switch: vswitch }) => (isOverlay(vswitch) ? [vswitch] : []));
  const bridges = networks.flatMap(({ switch: vswitch }) => (isStacked(vswitch) ? [] : [bridgeOf(vswitch)]));
  return {
    interfaces: [
      lo,
      ...uplinksOf(overlays),
      ...bridges,
      ...endpoints.flatMap(portOf),
      ...overlays.map(tunnelOf),
    ],
    routes: [...bridges.flatMap(connected), ...networks.flatMap(remoteRoutes), ...overlays.flatMap(outward)],
    neighbours: [],
    forwarding: { 4: true, 6: true },
    foreign: [],
  };
}

const lo: SceneInterface = {
  name: "lo",
  mtu: 65_536,
  up: true,
  addresses: ["127.0.0.1/8", "::1/128"].map(prefix),
};

/** Networks of one host may share one. */
function uplinksOf(overlays: readonly OverlaySwitch[]): readonly SceneInterface[] {
  const byName = Map.groupBy(overlays, ({ tunnel }) => tunnel.uplink);
  return [...byName].map(([name, of]) => ({
    name,
    mtu: Math.max(...of.map(({ mtu, tunnel }) => mtu + vxlanOverhead[tunnel.vtep.includes(":") ? 6 : 4])),
    up: true,
    addresses: [...new Set(of.map(({ tunnel: { vtep } }) => whole(vtep)))],
  }));
}

const whole = (address: string): Prefix => prefix(`${address}/${address.includes(":") ? 128 : 32}`);

function bridgeOf(vswitch: PortedSwitch): SceneInterface {
  const { name, mac, mtu } = vswitch;
  return { name, kind: "bridge", mac, mtu, up: true, addresses: switchAddresses(vswitch) };
}

function portOf({ port, vnic, switch: vswitch }: Plan): readonly SceneInterface[] {
  if (isStacked(vswitch)) return [];
  return [{ name: port.name, kind: "veth", mtu: vnic.mtu, up: true, addresses: [], master: vswitch.name }];
}

const tunnelOf = ({ name, mtu, mode, vni, tunnel }: OverlaySwitch): SceneInterface => ({
  name: tunnel.name,
  kind: "vxlan",
  mac: tunnel.mac,
  mtu,
  up: true,
  addresses: [],
  vxlan: { vni, udpPort: tunnel.udpPort, local: tunnel.vtep, df: "inherit" },
  ...(mode === "stretched" ? { master: name } : {}),
});

const route = (destination: Prefix, to: string): SceneRoute => ({
  destination,
  interface: to,
  type: "unicast",
  priority: prefixFamily(destination) === 6 ? 256 : 0,
  table: 254,
});

const connected = ({ name, addresses }: SceneInterface): readonly SceneRoute[] =>
  addresses.map((address) => route(networkOf(address), name));

/** To the other hosts of an overlay network, and nowhere for what none of them has. */
function remoteRoutes({ switch: vswitch, directory }: SceneNetwork): readonly SceneRoute[] {
  if (!isOverlay(vswitch) || vswitch.mode !== "routed") return [];
  const subnets = (directory?.peers ?? []).flatMap((peer) => peer.subnets);
  return [
    ...subnets.map((subnet) => route(networkOf(subnet), vswitch.tunnel.name)),
    ...vswitch.cidrs.map((destination) => ({
      ...route(destination, "lo"),
      type: "unreachable",
      priority: 0x7000_0000 + vswitch.vni,
    })),
  ];
}

const outward = ({ tunnel }: OverlaySwitch): readonly SceneRoute[] => [
  route(prefix(tunnel.vtep.includes(":") ? "::/0" : "0.0.0.0/0"), tunnel.uplink),
];
