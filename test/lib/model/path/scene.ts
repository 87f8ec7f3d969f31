/** Small scenes, as short as a test can say them: networks with their containers on a host with one uplink. */
import { type Ip, ip, ipFamily } from "../../../../lib/addr/ip.ts";
import { linkLocal, type Mac, mac } from "../../../../lib/addr/mac.ts";
import {
  defaultPrefix,
  hostPrefix,
  networkOf,
  type Prefix,
  prefix,
  prefixAddress,
  prefixFamily,
} from "../../../../lib/addr/prefix.ts";
import { type Owner, ownerKey } from "../../../../lib/model/owner.ts";
import {
  adapterMac,
  adapterName,
  type Plan,
  portMac,
  portName,
  switchMac,
  switchName,
  vnicMac,
} from "../../../../lib/model/plan.ts";
import type {
  Scene,
  SceneHost,
  SceneInterface,
  SceneNetwork,
  SceneRoute,
} from "../../../../lib/model/scene.ts";
import {
  type HostAdapter,
  type HostedSwitch,
  type InternalSwitch,
  isStacked,
  type MacvlanSwitch,
  type StackedSwitch,
  type Switch,
} from "../../../../lib/model/switch.ts";
import { portNameOf, portTap } from "../../../../lib/model/vm-nic.ts";
import type { HostVnic, Tap, VmNic } from "../../../../lib/model/vnic.ts";
import type { AclDefault } from "../../../../lib/policy/acl.ts";
import type { Guard } from "../../../../lib/policy/guard.ts";
import type { Policy } from "../../../../lib/policy/policy.ts";

export interface NetworkCase extends Partial<Omit<InternalSwitch, "kind" | "network">> {
  readonly id?: string;
}

/** @param gateways "10.1.0.1/24" ... */
export function network(
  name: string,
  gateways: readonly string[],
  over: NetworkCase = {},
): SceneNetwork<InternalSwitch> {
  const vswitch: InternalSwitch = {
    kind: "internal",
    network: name,
    name: switchName(name),
    mac: switchMac(name),
    mtu: 1500,
    gateways: gateways.map(prefix),
    forwarding: [4, 6],
    outboundNat: { exceptions: [] },
    ...over,
  };
  return { name, kind: "nat", switch: vswitch };
}

/** What differs from a macvlan network in mode bridge on eth0, without the host. */
export interface LanCase extends Partial<Omit<MacvlanSwitch, "kind" | "network" | "host">> {
  readonly hostAccess?: true;
}

export function lan(name: string, { hostAccess, ...over }: LanCase = {}): SceneNetwork<MacvlanSwitch> {
  const vswitch: MacvlanSwitch = {
    kind: "macvlan",
    network: name,
    name: over.lower ?? "eth0",
    mtu: 1500,
    gateways: [],
    forwarding: [],
    uplink: "eth0",
    lower: "eth0",
    mode: "bridge",
    ...(hostAccess ? { host: hostAdapter(name) } : {}),
    ...over,
  };
  return { name, kind: "transparent", switch: vswitch };
}

const hostAdapter = (name: string): HostAdapter => ({
  name: adapterName(name),
  mac: adapterMac(name),
  addresses: uplink.addresses.map(prefixAddress),
});

/** Routers of the LAN. */
const lanGateways = ["192.0.2.1/24", "2001:db8::1/64"].map(prefix);

/** @param addresses of the LAN; each family gets a default route by its router, and the host's by its adapter */
export function vnicOnLan(
  { name, switch: vswitch }: SceneNetwork<MacvlanSwitch>,
  containerId: string,
  addresses: readonly string[],
  vnic: Partial<HostVnic> = {},
): Plan<MacvlanSwitch> {
  const owner: Owner = { network: name, containerId, ifname: "eth0" };
  const key = ownerKey(owner);
  const own = addresses.map(prefix);
  return {
    owner,
    key,
    compartment: { path: `/run/netns/${containerId}` },
    switch: vswitch,
    port: { name: portName(key), policies: [] },
    vnic: {
      type: "hostVnic",
      name: "eth0",
      mac: vnicMac(owner),
      mtu: vswitch.mtu,
      addresses: own,
      routes: [...defaultRoutes(own, lanGateways), ...routesToHost(vswitch, own)],
      gateways: lanGateways.map(prefixAddress),
      ...vnic,
    },
  };
}

/** As the transparent network type plans them. */
const routesToHost = ({ host }: MacvlanSwitch, own: readonly Prefix[]) =>
  own.some((one) => prefixFamily(one) === 6)
    ? (host?.addresses ?? [])
        .filter((address) => ipFamily(address) === 6)
        .map((address) => ({ destination: hostPrefix(address), gateway: linkLocal(host?.mac as Mac) }))
    : [];

export interface EndpointCase {
  readonly policies?: readonly Policy[];
  readonly aclDefault?: AclDefault;
  /** `false`: no guard. */
  readonly guard?: false | Partial<Guard>;
  readonly vnic?: Partial<HostVnic>;
  /** It is a guest's, behind this tap. */
  readonly vm?: Partial<Tap>;
}

/** @param addresses "10.1.0.2/24" ...; each family gets a default route by the network's gateway */
export function endpoint(
  { name, switch: vswitch }: SceneNetwork<HostedSwitch>,
  containerId: string,
  addresses: readonly string[],
  { policies = [], aclDefault, guard = {}, vnic = {}, vm }: EndpointCase = {},
): Plan<HostedSwitch> {
  const owner: Owner = { network: name, containerId, ifname: "eth0" };
  const key = ownerKey(owner);
  const own = addresses.map(prefix);
  const common: HostVnic = {
    type: "hostVnic",
    name: "eth0",
    mac: vnicMac(owner),
    mtu: vswitch.mtu,
    addresses: own,
    routes: defaultRoutes(own, vswitch.gateways),
    ...vnic,
  };
  const adapter = vm === undefined ? common : behindTap(common, vm);
  const guards = guard === false ? [] : [{ ...guardOf(adapter.mac, own), ...guard }];
  return {
    owner,
    key,
    compartment: { path: `/run/netns/${containerId}` },
    switch: vswitch,
    port: {
      name: portNameOf(key, adapter),
      policies: [...guards, ...policies],
      ...(aclDefault === undefined ? {} : { aclDefault }),
    },
    vnic: adapter,
  };
}

function behindTap(vnic: HostVnic, tap: Partial<Tap>): VmNic {
  const usual: Tap = { attach: "compartment", name: vnic.name, multiQueue: false, vnetHeader: true };
  return { ...vnic, type: "vmNic", tap: { ...usual, ...tap }, dns: {} };
}

function guardOf(own: Mac, addresses: readonly Prefix[]): Guard {
  return {
    kind: "Guard",
    mac: own,
    addresses: [...addresses.map(prefixAddress), linkLocal(own)],
    allow: [],
  };
}

function defaultRoutes(addresses: readonly Prefix[], gateways: readonly Prefix[]) {
  return ([4, 6] as const).flatMap((family) => {
    const gateway = gateways.find((one) => prefixFamily(one) === family);
    const has = addresses.some((one) => prefixFamily(one) === family);
    return gateway === undefined || !has
      ? []
      : [{ destination: defaultPrefix(family), gateway: prefixAddress(gateway) }];
  });
}

const uplink: SceneInterface = {
  name: "eth0",
  mac: mac("02:00:00:00:00:01"),
  mtu: 1500,
  up: true,
  addresses: [prefix("192.0.2.10/24"), prefix("2001:db8::10/64")],
};
export const lo: SceneInterface = {
  name: "lo",
  mtu: 65536,
  up: true,
  addresses: [prefix("127.0.0.1/8"), prefix("::1/128")],
};

/** The host as the kernel would show it once all of this is attached. */
export function scene(
  networks: readonly SceneNetwork[],
  endpoints: readonly Plan[],
  over: Partial<SceneHost> = {},
): Scene {
  const bridges = networks.flatMap(({ switch: vswitch }) => (isStacked(vswitch) ? [] : [bridge(vswitch)]));
  const ports = endpoints.flatMap((plan) => (isStacked(plan.switch) ? [] : [port(plan)]));
  const interfaces = [
    lo,
    uplink,
    ...bridges,
    ...ports,
    ...networks.flatMap(({ switch: vswitch }) => (isStacked(vswitch) ? besideUplink(vswitch) : [])),
  ];
  return {
    networks,
    endpoints,
    host: {
      interfaces,
      routes: [...interfaces.flatMap(connected), ...endpoints.flatMap(byAdapter), ...outward],
      neighbours: [{ address: ip("192.0.2.1"), mac: mac("02:00:00:00:00:02"), interface: "eth0" }],
      forwarding: { 4: true, 6: true },
      foreign: [],
      ...over,
    },
  };
}

export const bridge = ({ name, mac: own, mtu, gateways }: Switch): SceneInterface => ({
  name,
  kind: "bridge",
  ...(own === undefined ? {} : { mac: own }),
  mtu,
  up: true,
  addresses: gateways,
});

export const port = (plan: Plan): SceneInterface => ({
  name: plan.port.name,
  kind: portTap(plan) === undefined ? "veth" : "tun",
  mac: portMac(plan.key),
  mtu: plan.vnic.mtu,
  up: true,
  addresses: [],
  master: plan.switch.name,
});

/** A VLAN of the uplink, and the host's own adapter. */
const besideUplink = ({ lower, uplink: on, host, mtu }: StackedSwitch): readonly SceneInterface[] => [
  ...(lower === on
    ? []
    : [{ name: lower, kind: "vlan", mac: uplink.mac as Mac, mtu, up: true, addresses: [] }]),
  ...(host === undefined
    ? []
    : [
        {
          name: host.name,
          kind: "macvlan",
          mac: host.mac,
          mtu,
          up: true,
          addresses: [prefix(`${linkLocal(host.mac)}/64`)],
        },
      ]),
];

/** The host's routes to what it reaches by its adapter. */
const byAdapter = ({ switch: vswitch, vnic }: Plan): readonly SceneRoute[] =>
  isStacked(vswitch) && vswitch.host !== undefined
    ? vnic.addresses.map((address) =>
        route(hostPrefix(prefixAddress(address)), {
          interface: (vswitch.host as HostAdapter).name,
          priority: prefixFamily(address) === 6 ? 1024 : 0,
        }),
      )
    : [];

export const route = (destination: string, over: Partial<SceneRoute> = {}): SceneRoute => ({
  destination: prefix(destination),
  type: "unicast",
  priority: 0,
  table: 254,
  ...over,
});

const outward: readonly SceneRoute[] = [
  route("0.0.0.0/0", { gateway: ip("192.0.2.1"), interface: "eth0" }),
  route("::/0", { gateway: ip("2001:db8::1"), interface: "eth0", priority: 1024 }),
];

export function connected({ name, addresses }: SceneInterface): readonly SceneRoute[] {
  if (name === "lo") return [];
  return addresses.map((address) =>
    route(networkOf(address), { interface: name, priority: metric(address) }),
  );
}

const metric = (address: Prefix): number => (prefixFamily(address) === 6 ? 256 : 0);

export const familyOf = (address: string): 4 | 6 => ipFamily(address as Ip);
