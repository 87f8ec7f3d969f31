/** Packets as containers send and get them, to ask what others would do to them. Pure. */
import { type Family, type Ip, ip, ipFamily } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import {
  contains,
  firstHost,
  lastHost,
  networkOf,
  prefixAddress,
  prefixFamily,
} from "../../../lib/addr/prefix.ts";
import type { ForeignView } from "../../../lib/model/path/foreign.ts";
import { isOverlayNetwork, peersOf } from "../../../lib/model/path/remote.ts";
import type { Scene, SceneNetwork } from "../../../lib/model/scene.ts";
import { IPPROTO, type IpPacket } from "../../../lib/policy/packet.ts";
import { policiesOf } from "../../../lib/policy/policy.ts";
import type { PortMapping } from "../../../lib/policy/port-mapping.ts";
import { uplinkOf } from "./uplinks.ts";

export interface ProbePacket {
  /** In words: what of the network it stands for. */
  readonly what: string;
  readonly network: string;
  /** Name of the switch's interface. */
  readonly switch: string;
  readonly family: Family;
  /** Whether it comes from the switch, goes there, or stays on it. */
  readonly direction: "in" | "out" | "within";
  readonly view: ForeignView;
}

/** Anybody beyond the host: addresses for documentation (RFC 5737, RFC 3849). */
const anybody: Readonly<Record<Family, Ip>> = { 4: ip("198.51.100.7"), 6: ip("2001:db8:ffff::7") };

/** @param bridged families in which frames on a switch pass the IP hooks too */
export function probePackets(scene: Scene, bridged: readonly Family[]): readonly ProbePacket[] {
  return scene.networks.flatMap((network) =>
    ([4, 6] as const).flatMap((family) => ofFamily(scene, network, family, bridged.includes(family))),
  );
}

function ofFamily(
  scene: Scene,
  network: SceneNetwork,
  family: Family,
  bridged: boolean,
): readonly ProbePacket[] {
  const [container, other] = containersOf(scene, network, family);
  if (container === undefined || other === undefined) return [];
  const name = network.switch.name;
  const uplink = uplinkOf(scene, family)?.interface.name;
  const common = { network: network.name, switch: name, family };
  const there = tcp(container, anybody[family], 443);
  const back = { ...tcp(anybody[family], container, 40_000), sourcePort: 443, opens: false };
  const beyond: readonly ProbePacket[] =
    uplink === undefined
      ? []
      : [
          {
            ...common,
            what: "what its containers send out",
            direction: "in",
            view: { in: name, out: uplink, packet: there, state: "new", dnat: false },
          },
          {
            ...common,
            what: "the answers to its containers",
            direction: "out",
            view: { in: uplink, out: name, packet: back, state: "established", dnat: false },
          },
          ...published(scene, network, family, uplink).map((view) => ({
            ...common,
            what: "connections to its published ports",
            direction: "out" as const,
            view,
          })),
        ];
  const remote = remoteOf(network, family);
  const across: readonly ProbePacket[] =
    remote === undefined
      ? []
      : [
          {
            ...common,
            what: "what its containers send to other hosts",
            direction: "in",
            view: {
              in: name,
              out: remote.tunnel,
              packet: tcp(container, remote.address, 80),
              state: "new",
              dnat: false,
            },
          },
          {
            ...common,
            what: "what its containers get from other hosts",
            direction: "out",
            view: {
              in: remote.tunnel,
              out: name,
              packet: tcp(remote.address, container, 80),
              state: "new",
              dnat: false,
            },
          },
        ];
  const within: ProbePacket = {
    ...common,
    what: "what its containers send each other",
    direction: "within",
    view: { in: name, out: name, packet: tcp(container, other, 80), state: "new", dnat: false },
  };
  return [...beyond, ...across, ...(bridged ? [within] : [])];
}

/** A container of another host, where this host routes to it. */
function remoteOf(network: SceneNetwork, family: Family) {
  if (!isOverlayNetwork(network) || network.switch.mode !== "routed") return undefined;
  const [subnet] = peersOf(network)
    .flatMap(({ subnets }) => subnets)
    .filter((one) => prefixFamily(one) === family);
  return subnet && { tunnel: network.switch.tunnel.name, address: lastHost(subnet) };
}

/** Two that are there, or might be. */
function containersOf(scene: Scene, network: SceneNetwork, family: Family): readonly Ip[] {
  const subnets = network.switch.gateways.filter((gateway) => prefixFamily(gateway) === family);
  const own = scene.endpoints
    .filter(({ owner }) => owner.network === network.name)
    .flatMap(({ vnic }) => vnic.addresses.map(prefixAddress))
    .filter((address) => ipFamily(address) === family);
  const possible = subnets.map(networkOf).flatMap((subnet) => [lastHost(subnet), firstHost(subnet)]);
  return [...own, ...possible].filter((address) => subnets.some((subnet) => contains(subnet, address)));
}

/** One is as good as any: rules that name ports are met by the first. */
function published(
  scene: Scene,
  network: SceneNetwork,
  family: Family,
  uplink: string,
): readonly ForeignView[] {
  const mappings = scene.endpoints
    .filter(({ owner }) => owner.network === network.name)
    .flatMap(({ port }) => policiesOf(port.policies, "PortMapping"))
    .filter(({ address, protocol }) => ipFamily(address) === family && protocol === "tcp");
  return mappings.slice(0, 1).map((mapping: PortMapping) => ({
    in: uplink,
    out: network.switch.name,
    packet: tcp(anybody[family], mapping.address, mapping.containerPort),
    state: "new",
    dnat: true,
  }));
}

function tcp(source: Ip, destination: Ip, destinationPort: number): IpPacket {
  return {
    kind: "ip",
    sourceMac: mac("02:00:00:00:00:01"),
    destinationMac: mac("02:00:00:00:00:02"),
    source,
    destination,
    protocol: IPPROTO.tcp,
    sourcePort: 40_000,
    destinationPort,
    opens: true,
  };
}
