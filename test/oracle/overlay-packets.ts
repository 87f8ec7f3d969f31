/** Random packets between two hosts of an overlay network, their containers, and whoever sends VXLAN to them. */
import fc from "fast-check";
import { type Family, type Ip, ip, ipFamily } from "../../lib/addr/ip.ts";
import type { Mac } from "../../lib/addr/mac.ts";
import { prefixAddress } from "../../lib/addr/prefix.ts";
import { networkOf } from "../../lib/model/path/find.ts";
import { overlayNetworks } from "../../lib/model/path/remote.ts";
import type { TraceStart } from "../../lib/model/path/start.ts";
import type { Encapsulation } from "../../lib/model/path/trace.ts";
import type { Plan } from "../../lib/model/plan.ts";
import type { Scene } from "../../lib/model/scene.ts";
import { isOverlay, type OverlaySwitch } from "../../lib/model/switch.ts";
import { vxlanOverhead } from "../../lib/model/vtep.ts";
import type { IpPacket } from "../../lib/policy/packet.ts";
import { uplinkMtus } from "./overlay-layout.ts";
import { everybody, nobodysMac, payloads, strangerMac, strangers } from "./packets.ts";

export interface FarShot {
  /** Whose container sends it, or to which it comes: 0 or 1. */
  readonly host: number;
  readonly start: TraceStart;
  readonly packet: IpPacket;
}

/** MACs on the underlay. */
export interface UnderlayMacs {
  readonly hosts: readonly [Mac, Mac];
  readonly outside: Mac;
}

export const underlay = {
  hosts: { 4: [ip("192.0.2.1"), ip("192.0.2.2")], 6: [ip("2001:db8::1"), ip("2001:db8::2")] },
  outside: { 4: ip("192.0.2.254"), 6: ip("2001:db8::254") },
} as const;

/** Addresses of the network that no container has. */
const nobody = {
  4: [ip("10.40.1.77"), ip("10.40.2.77"), ip("10.50.0.47"), ip("10.50.0.200")],
  6: [ip("fd00:40:1::77"), ip("fd00:40:2::77"), ip("fd00:50::2f"), ip("fd00:50::200")],
} as const;

type Scenes = readonly [Scene, Scene];

export function farShots(scenes: Scenes, wire: UnderlayMacs): fc.Arbitrary<FarShot> {
  const senders = scenes.flatMap((scene, host) =>
    scene.endpoints.map((plan) => ({ arbitrary: fromContainer(scenes, host, plan), weight: 3 })),
  );
  const others = [0, 1].flatMap((host) => [
    { arbitrary: fromOutside(scenes, host, wire), weight: 1 },
    { arbitrary: fromTunnel(scenes, host), weight: 4 },
  ]);
  return fc.oneof(...senders, ...others);
}

const addressesIn = ({ endpoints }: Scene, family: Family): readonly Ip[] =>
  endpoints
    .flatMap(({ vnic }) => vnic.addresses.map(prefixAddress))
    .filter((one) => ipFamily(one) === family);

function destinations(scenes: Scenes, family: Family): readonly Ip[] {
  const containers = scenes.flatMap((scene) => addressesIn(scene, family));
  const gateways = scenes
    .flatMap(({ networks }) => networks.flatMap(({ switch: { gateways: all } }) => all.map(prefixAddress)))
    .filter((one) => ipFamily(one) === family);
  return [
    ...containers,
    ...containers,
    ...gateways,
    ...underlay.hosts[family],
    underlay.outside[family],
    ...nobody[family],
    strangers[family],
  ];
}

function fromContainer(scenes: Scenes, host: number, plan: Plan): fc.Arbitrary<FarShot> {
  const own = plan.vnic.addresses.map(prefixAddress);
  return fc.constantFrom(...new Set(own.map(ipFamily))).chain((family) =>
    fc
      .record({
        destination: fc.constantFrom(...destinations(scenes, family)),
        source: fc.constantFrom(...sources(scenes, plan, family)),
        sourceMac: fc.constantFrom(...Array<Mac>(12).fill(plan.vnic.mac), strangerMac),
        otherMac: fc.constantFrom(...Array<undefined>(18).fill(undefined), nobodysMac),
        load: payloads(family),
        bytes: sizes(plan.vnic.mtu),
      })
      .map(({ otherMac, destination, ...rest }): FarShot => {
        const { load, bytes, ...ends } = rest;
        const destinationMac = otherMac ?? nextHop(scenes, host, plan, destination);
        const packet: IpPacket = { kind: "ip", destination, destinationMac, ...ends, ...load, ...bytes };
        return { host, start: { kind: "endpoint", key: plan.key }, packet };
      }),
  );
}

/** Mostly small; else around what fits an uplink with the overhead. @param most that the first link takes */
const sizes = (most: number): fc.Arbitrary<Pick<IpPacket, "bytes">> => {
  const edges = uplinkMtus.flatMap((mtu) => [mtu - vxlanOverhead[4], mtu - vxlanOverhead[6]]);
  const around = [...edges.flatMap((edge) => [edge, edge + 1]), most].filter((bytes) => bytes <= most);
  return fc.constantFrom(...Array<object>(2 * around.length).fill({}), ...around.map((bytes) => ({ bytes })));
};

const uplinkMtu = ({ host }: Scene): number =>
  host.interfaces.find(({ name }) => name === "eth0")?.mtu ?? Number.NaN;

/** As in packets.ts: mostly its own. */
function sources(scenes: Scenes, plan: Plan, family: Family): readonly Ip[] {
  const own = plan.vnic.addresses.map(prefixAddress).filter((one) => ipFamily(one) === family);
  const foreign = [...scenes.flatMap((one) => addressesIn(one, family)), strangers[family]];
  return [...Array<Ip>(9 * foreign.length).fill(own[0] as Ip), ...foreign];
}

/** On the container's own subnet the neighbour's, on whatever host that is; else the gateway's. */
function nextHop(scenes: Scenes, host: number, plan: Plan, destination: Ip): Mac {
  const isStretched = isOverlay(plan.switch) && plan.switch.mode === "stretched";
  const near = scenes
    .filter((_, i) => i === host || isStretched)
    .flatMap(({ endpoints }) => endpoints)
    .filter((other) => other !== plan && other.switch.network === plan.switch.network)
    .find(({ vnic }) => vnic.addresses.some((address) => prefixAddress(address) === destination));
  return near?.vnic.mac ?? plan.switch.mac ?? plan.vnic.mac;
}

function fromOutside(scenes: Scenes, host: number, wire: UnderlayMacs): fc.Arbitrary<FarShot> {
  return fc.constantFrom<Family>(4, 6).chain((family) =>
    fc
      .record({
        destination: fc.constantFrom(...destinations(scenes, family)),
        load: payloads(family),
        bytes: sizes(uplinkMtu(scenes[host] as Scene)),
      })
      .map(
        ({ destination, load, bytes }): FarShot => ({
          host,
          start: { kind: "outside", interface: "eth0" },
          packet: {
            kind: "ip",
            sourceMac: wire.outside,
            destinationMac: wire.hosts[host as 0 | 1],
            source: underlay.outside[family],
            destination,
            ...load,
            ...bytes,
          },
        }),
      ),
  );
}

/** VXLAN as anybody can send it: by the other host's address or another, with whatever inside. */
function fromTunnel(scenes: Scenes, host: number): fc.Arbitrary<FarShot> {
  const [here, there] = [scenes[host] as Scene, scenes[1 - host] as Scene];
  const network = overlayNetworks(here)[0];
  if (network === undefined) throw new Error("no overlay network");
  const { vni, tunnel, mode, mac } = network.switch;
  const outer = ipFamily(tunnel.vtep);
  const peer = underlay.hosts[outer][(1 - host) as 0 | 1];
  const isOnIt = ({ switch: { network: name } }: Plan): boolean => name === network.name;
  const receivers = here.endpoints.filter(isOnIt);
  const senders = there.endpoints.filter(isOnIt);
  const far = networkOf(there, senders[0] as Plan).switch as OverlaySwitch;
  return fc.constantFrom<Family>(4, 6).chain((family) =>
    fc
      .record({
        source: fc.constantFrom(...Array<Ip>(5).fill(peer), underlay.outside[outer]),
        wrongVni: fc.constantFrom(...Array<boolean>(7).fill(false), true),
        from: fc.constantFrom(
          ...addressesOf(senders, family),
          ...addressesOf(senders, family),
          ...innerSources(here, family),
        ),
        destination: fc.constantFrom(...addressesOf(receivers, family), ...destinations(scenes, family)),
        otherMac: fc.constantFrom(...Array<undefined>(9).fill(undefined), nobodysMac, ...toAll(here)),
        load: payloads(family),
        bytes: sizes(uplinkMtu(here) - vxlanOverhead[outer]),
      })
      .map(({ source, wrongVni, from, destination, otherMac, load, bytes }): FarShot => {
        const inside: Encapsulation = {
          network: network.name,
          vni: wrongVni ? vni + 1 : vni,
          source,
          vtep: tunnel.vtep,
          port: tunnel.udpPort,
        };
        const receiver = receivers.find(({ vnic }) =>
          vnic.addresses.some((one) => prefixAddress(one) === destination),
        );
        const usual = mode === "routed" ? tunnel.mac : (receiver?.vnic.mac ?? mac);
        const packet: IpPacket = {
          kind: "ip",
          sourceMac: mode === "routed" ? far.tunnel.mac : (senders[0] as Plan).vnic.mac,
          destinationMac: otherMac ?? usual,
          source: from,
          destination,
          ...load,
          ...bytes,
        };
        return { host, start: { kind: "tunnel", tunnel: inside }, packet };
      }),
  );
}

const addressesOf = (plans: readonly Plan[], family: Family): readonly Ip[] =>
  plans.flatMap(({ vnic }) => vnic.addresses.map(prefixAddress)).filter((one) => ipFamily(one) === family);

/** Of this host's own containers, and of nobody's. */
const innerSources = (here: Scene, family: Family): readonly Ip[] => [
  ...addressesIn(here, family),
  strangers[family],
  nobody[family][0],
];

/** As in packets.ts. */
const toAll = ({ host }: Scene): readonly Mac[] =>
  (host.bridgeFilter ?? []).length === 0 ? [everybody] : [];
