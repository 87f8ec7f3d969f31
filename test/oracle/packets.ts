/** Random packets for a scene: mostly such as meet something there. */
import fc from "fast-check";
import { type Family, type Ip, ip, ipFamily } from "../../lib/addr/ip.ts";
import { type Mac, mac } from "../../lib/addr/mac.ts";
import { prefixAddress } from "../../lib/addr/prefix.ts";
import type { TraceStart } from "../../lib/model/path/start.ts";
import { adapterLink, adaptersOf, isStackedPlan } from "../../lib/model/path/uplink.ts";
import type { Plan } from "../../lib/model/plan.ts";
import type { Scene } from "../../lib/model/scene.ts";
import { isBridge } from "../../lib/model/switch.ts";
import { dhcpClientPorts } from "../../lib/policy/guard.ts";
import { IPPROTO, type IpPacket, ND } from "../../lib/policy/packet.ts";
import { uplink } from "../system/host.ts";
import { hostPorts, ports } from "./layout.ts";

export interface Shot {
  readonly start: Extract<TraceStart, { readonly kind: "endpoint" | "outside" }>;
  readonly packet: IpPacket;
}

const outsideOf = { 4: ip(uplink.outside4), 6: ip(uplink.outside6) } as const;
const hostOf = { 4: ip(uplink.host4), 6: ip(uplink.host6) } as const;
export const strangers = { 4: ip("198.18.7.7"), 6: ip("2001:db8:1::7") } as const;
const nobody = { 4: ip("10.70.0.200"), 6: ip("fd00:70::200") } as const;
export const strangerMac = mac("02:00:00:00:99:99");
/** Nobody ever sends from it: a bridge knows where those are that do. */
export const nobodysMac = mac("02:00:00:00:99:98");
export const everybody: Mac = mac("ff:ff:ff:ff:ff:ff");

/** MACs on the wire. */
interface WireMacs {
  /** Of the host's uplink. */
  readonly host: Mac;
  readonly outside: Mac;
}

export function shots(scene: Scene, wire: WireMacs): fc.Arbitrary<Shot> {
  const senders = scene.endpoints.map((plan) => fromEndpoint(scene, plan, wire));
  return fc.oneof(...senders.map((arbitrary) => ({ arbitrary, weight: 2 })), {
    arbitrary: fromOutside(scene, wire),
    weight: 1,
  });
}

function destinations(scene: Scene, family: Family): readonly Ip[] {
  const containers = scene.endpoints.flatMap(({ vnic }) => vnic.addresses.map(prefixAddress));
  const gateways = scene.networks.flatMap((network) => network.switch.gateways.map(prefixAddress));
  const all = [
    ...containers,
    ...containers,
    ...gateways,
    outsideOf[family],
    outsideOf[family],
    hostOf[family],
  ];
  return [...all, strangers[family], nobody[family]].filter((address) => ipFamily(address) === family);
}

function fromEndpoint(scene: Scene, plan: Plan, wire: WireMacs): fc.Arbitrary<Shot> {
  const own = plan.vnic.addresses.map(prefixAddress);
  const families = [...new Set(own.map(ipFamily))];
  return fc.constantFrom(...families).chain((family) =>
    fc
      .record({
        destination: fc.constantFrom(...destinations(scene, family)),
        source: fc.constantFrom(...sources(scene, own, family)),
        sourceMac: fc.constantFrom(...Array(9).fill(plan.vnic.mac), strangerMac),
        otherMac: fc.constantFrom(...Array(18).fill(undefined), nobodysMac, ...toAll(scene, plan)),
        router: fc.constantFrom(wire.outside, wire.outside, hostMacFor(scene, wire)),
        load: payloads(family),
      })
      .map(
        ({ destination, source, sourceMac, otherMac, router, load }): Shot => ({
          start: { kind: "endpoint", key: plan.key },
          packet: {
            kind: "ip",
            sourceMac,
            destinationMac:
              otherMac ?? nextHop(scene, plan, destination, { router, host: hostMacFor(scene, wire) }),
            source,
            destination,
            ...load,
          },
        }),
      ),
  );
}

/**
 * Where br_netfilter is on, the copies of a frame to all are one connection, and what translates one of them translates
 * the others: no trace of a single packet tells that.
 */
const toAll = ({ host }: Scene, plan: Plan): readonly Mac[] =>
  isStackedPlan(plan) || (host.bridgeFilter ?? []).length === 0 ? [everybody] : [];

/** Its own address nine times in ten; else somebody's. */
function sources(scene: Scene, own: readonly Ip[], family: Family): readonly Ip[] {
  const mine = own.filter((address) => ipFamily(address) === family);
  const others = scene.endpoints.flatMap(({ vnic }) => vnic.addresses.map(prefixAddress));
  const foreign = [...others, strangers[family], hostOf[family]].filter((one) => ipFamily(one) === family);
  return [...Array(9 * foreign.length).fill(mine[0]), ...foreign];
}

/** A network that nobody is on has none, though its definition is known. */
const adaptersThere = (scene: Scene): readonly Mac[] =>
  adaptersOf(scene).flatMap((adapter) => adapterLink(scene, adapter)?.mac ?? []);

/** Who on the uplink takes it for the host: its adapter, where it has one. */
const hostMacFor = (scene: Scene, { host }: WireMacs): Mac => adaptersThere(scene)[0] ?? host;

/** Whether its frames go out as they are. */
const isOnWire = (plan: Plan): boolean => isStackedPlan(plan) || isBridge(plan.switch);

/** The MAC that the container's kernel would send it to: the neighbour's on its own subnet, else the gateway's. */
function nextHop(
  scene: Scene,
  plan: Plan,
  destination: Ip,
  { router, host }: { readonly router: Mac; readonly host: Mac },
): Mac {
  const near = scene.endpoints.find(
    (other) =>
      other !== plan &&
      other.switch.name === plan.switch.name &&
      other.vnic.addresses.some((address) => prefixAddress(address) === destination),
  );
  if (near !== undefined) return near.vnic.mac;
  if (!isOnWire(plan)) return plan.switch.mac ?? plan.vnic.mac;
  return destination === hostOf[ipFamily(destination)] ? host : router;
}

/** Mostly the host's own; else of those on its uplink, or of all at once. */
function macsOnUplink(scene: Scene, { host }: WireMacs): readonly Mac[] {
  const vnics = scene.endpoints.filter(isOnWire).map(({ vnic }) => vnic.mac);
  const adapters = adaptersThere(scene);
  return [...Array(6).fill(host), ...vnics, ...adapters, ...(vnics.length > 0 ? [everybody] : [])];
}

/** Of who hangs on the uplink and has the address. */
const macAt = (scene: Scene, address: Ip): Mac | undefined =>
  scene.endpoints
    .filter(isOnWire)
    .find(({ vnic }) => vnic.addresses.some((own) => prefixAddress(own) === address))?.vnic.mac;

function fromOutside(scene: Scene, wire: WireMacs): fc.Arbitrary<Shot> {
  return fc.constantFrom<Family>(4, 6).chain((family) =>
    fc
      .record({
        destination: fc.constantFrom(...destinations(scene, family)),
        load: payloads(family),
        other: fc.constantFrom(...macsOnUplink(scene, wire)),
        direct: fc.boolean(),
      })
      .map(
        ({ destination, load, other, direct }): Shot => ({
          start: { kind: "outside", interface: "eth0" },
          packet: {
            kind: "ip",
            sourceMac: wire.outside,
            destinationMac: (direct ? macAt(scene, destination) : undefined) ?? other,
            source: outsideOf[family],
            destination,
            ...load,
          },
        }),
      ),
  );
}

export type Load = Pick<
  IpPacket,
  "protocol" | "sourcePort" | "destinationPort" | "opens" | "icmpType" | "target"
>;

/** Source ports are given when it is sent: no two packets are of one connection. */
export function payloads(family: Family): fc.Arbitrary<Load> {
  const port = fc.constantFrom(...ports, ...hostPorts, ...hostPorts);
  const icmp = family === 4 ? IPPROTO.icmp : IPPROTO.icmp6;
  return fc.oneof(
    {
      weight: 4,
      arbitrary: port.map((destinationPort) => ({ protocol: IPPROTO.tcp, destinationPort, opens: true })),
    },
    { weight: 4, arbitrary: port.map((destinationPort) => ({ protocol: IPPROTO.udp, destinationPort })) },
    { weight: 2, arbitrary: fc.constant({ protocol: icmp, icmpType: family === 4 ? 8 : 128 }) },
    {
      weight: 1,
      arbitrary: fc.constant({ protocol: IPPROTO.udp, destinationPort: dhcpClientPorts[family] }),
    },
    ...(family === 6
      ? [{ weight: 1, arbitrary: fc.constant({ protocol: icmp, icmpType: ND.routerAdvert }) }]
      : []),
  );
}
