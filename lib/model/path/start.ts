/** Where a packet sets out, and what fills in the fields that were left open. */
import { type Ip, ipFamily } from "../../addr/ip.ts";
import type { Mac } from "../../addr/mac.ts";
import { hostPrefix, type Prefix, prefixAddress } from "../../addr/prefix.ts";
import type { ArpPacket, IpPacket, OtherPacket, Packet } from "../../policy/packet.ts";
import type { Plan } from "../plan.ts";
import type { Scene } from "../scene.ts";
import { addressCell, type FieldName } from "./consulted.ts";
import { addressesOf, endpointAt, findInterface, networkOf } from "./find.ts";
import { broadcastMac, noMac } from "./groups.ts";
import type { Segment } from "./layer.ts";
import { remoteOwner, remotePrefixes } from "./remote.ts";
import { bestRoute, hostRoute, hostRoutes, routeCell, vnicRoutes } from "./routes.ts";
import { chooseSource } from "./source.ts";
import type { ConnectionState, Encapsulation } from "./trace.ts";
import { isStackedPlan } from "./uplink.ts";
import { consult, type Walk } from "./walk.ts";
import { answerCell } from "./who-has.ts";

export type TraceStart =
  /** @param key `Plan.key` */
  | { readonly kind: "endpoint"; readonly key: string }
  /** A program on the host itself. */
  | { readonly kind: "host" }
  /**
   * From beyond the host. Absent: by the interface of the host's route to the packet's source, or from the other host of an
   * overlay network that has it.
   */
  | { readonly kind: "outside"; readonly interface?: string }
  /** From another host of an overlay network, as it is on the underlay. */
  | { readonly kind: "tunnel"; readonly tunnel: Encapsulation };

type Open<P, K extends keyof P> = Omit<P, K> & Partial<Pick<P, K>>;

/**
 * The packet to be traced. What is left open the sender fills in, as its kernel would. A destination MAC that is given
 * is used as it is, past the sender's routes: a frame from a raw socket.
 */
export type Probe =
  | Open<IpPacket, "sourceMac" | "destinationMac" | "source">
  | Open<ArpPacket, "sourceMac" | "destinationMac" | "senderMac" | "senderIp">
  | Open<OtherPacket, "sourceMac">;

export interface Begin {
  readonly walk: Walk;
  readonly segment: Segment;
}

const unspecified = { 4: "0.0.0.0" as Ip, 6: "::" as Ip } as const;

/** @returns undefined when there is no such endpoint */
export function begin(
  scene: Scene,
  start: TraceStart,
  probe: Probe,
  state: ConnectionState,
): Begin | undefined {
  const base: Base = {
    scene,
    state,
    dnat: false,
    doubts: [],
    consulted: new Map(),
    // The MAC of the next hop, unless the probe names one: nothing that was asked for.
    rewritten: new Set<FieldName>(namesMac(probe) ? [] : ["destinationMac"]),
  };
  if (start.kind === "endpoint") {
    const plan = scene.endpoints.find(({ key }) => key === start.key);
    return plan && fromEndpoint(base, plan, probe);
  }
  const packet = fill(probe, noMac, [], undefined);
  const walk: Walk = { ...base, packet, origin: packet };
  if (start.kind === "host") return { walk, segment: "host.out" };
  if (start.kind === "tunnel") return { walk: { ...walk, tunnel: start.tunnel }, segment: "tunnel.in" };
  const remote = start.interface === undefined && packet.kind === "ip" ? fromRemote(walk, packet) : undefined;
  if (remote !== undefined) return remote;
  const came = start.interface ?? vnicLink(scene, packet) ?? arrivalOf(scene, packet);
  const arrived: Walk = came === undefined ? walk : { ...walk, in: came };
  if (start.interface !== undefined || packet.kind !== "ip") return { walk: arrived, segment: "wire.in" };
  const vnics = vnicAddresses(scene);
  const asked =
    vnics.length === 0 ? arrived : consult(arrived, { destination: addressCell(packet.destination, vnics) });
  // The route to the source chose the interface: another source may come by another one.
  const cell = vnicLink(scene, packet) ? undefined : routeCell(hostRoutes(scene), packet.source);
  const known = remotePrefixes(scene);
  const far = known.length === 0 ? undefined : addressCell(packet.source, known);
  return { walk: consult(consult(asked, { source: cell }), { source: far }), segment: "wire.in" };
}

/** From a container of another host, as that one sends it. */
function fromRemote(walk: Walk, packet: IpPacket): Begin | undefined {
  const { scene } = walk;
  const found = remoteOwner(scene, packet.source);
  if (found === undefined) return undefined;
  const { network, peer } = found;
  const { mode, vni, tunnel, mac } = network.switch;
  const sender = peer.endpoints.find(({ addresses }) => addresses.includes(packet.source));
  const receiver = endpointAt(scene, network, packet.destination);
  const macs =
    mode === "routed"
      ? { sourceMac: peer.mac, destinationMac: tunnel.mac }
      : { sourceMac: sender?.mac ?? noMac, destinationMac: receiver?.vnic.mac ?? mac };
  const framed = { ...packet, ...macs };
  const cells = {
    source: addressCell(packet.source, remotePrefixes(scene)),
    ...(mode === "stretched" ? { destination: answerCell(scene, network, packet.destination) } : {}),
  };
  const inside: Encapsulation = {
    network: network.name,
    vni,
    source: peer.vtep,
    vtep: tunnel.vtep,
    port: tunnel.udpPort,
  };
  return {
    walk: consult({ ...walk, packet: framed, origin: framed, tunnel: inside }, cells),
    segment: "tunnel.in",
  };
}

type Base = Omit<Walk, "packet" | "origin">;

function fromEndpoint(base: Base, plan: Plan, probe: Probe): Begin {
  const { vnic } = plan;
  const choice = probe.kind === "ip" ? sourceOf(plan, probe.destination) : {};
  const packet = fill(probe, vnic.mac, vnic.addresses.map(prefixAddress), choice.source);
  const raw = namesMac(probe);
  const network = networkOf(base.scene, plan);
  const walk: Walk = { ...base, packet, origin: packet, endpoint: plan, network };
  const isChosen = probe.kind === "ip" && probe.source === undefined;
  return {
    walk: isChosen ? consult(walk, { destination: choice.cell }) : walk,
    // ARP and frames of other kinds have no route to take.
    segment: raw || probe.kind !== "ip" ? "vnic.out" : "compartment.out",
  };
}

function namesMac(probe: Probe): boolean {
  return "destinationMac" in probe && probe.destinationMac !== undefined;
}

/** The address that the compartment sends from. */
function sourceOf(plan: Plan, destination: Ip) {
  const routes = vnicRoutes(plan);
  const nextHop = bestRoute(routes, destination)?.gateway ?? destination;
  return chooseSource(plan.vnic.addresses, destination, nextHop);
}

function fill(probe: Probe, mac: Mac, own: readonly Ip[], source: Ip | undefined): Packet {
  switch (probe.kind) {
    case "ip":
      return {
        ...probe,
        sourceMac: probe.sourceMac ?? mac,
        destinationMac: probe.destinationMac ?? noMac,
        source: probe.source ?? source ?? unspecified[ipFamily(probe.destination)],
      };
    case "arp":
      return {
        ...probe,
        sourceMac: probe.sourceMac ?? mac,
        destinationMac: probe.destinationMac ?? broadcastMac,
        senderMac: probe.senderMac ?? mac,
        senderIp: probe.senderIp ?? own.find((address) => ipFamily(address) === 4) ?? unspecified[4],
      };
    case "other":
      return { ...probe, sourceMac: probe.sourceMac ?? mac };
  }
}

/** The link on which a vNIC hangs that has the address: no route of the host leads there. */
function vnicLink(scene: Scene, packet: Packet): string | undefined {
  if (packet.kind !== "ip") return undefined;
  return scene.endpoints.filter(isStackedPlan).find((plan) => addressesOf(plan).includes(packet.destination))
    ?.switch.lower;
}

const vnicAddresses = ({ endpoints }: Scene): readonly Prefix[] =>
  endpoints.filter(isStackedPlan).flatMap(addressesOf).map(hostPrefix);

/** The interface by which the host would answer. */
function arrivalOf(scene: Scene, packet: Packet): string | undefined {
  if (packet.kind !== "ip") return undefined;
  const name = hostRoute(hostRoutes(scene), packet.source)?.interface;
  return findInterface(scene, name)?.name;
}
