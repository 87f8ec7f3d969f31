/** Sends packets on two real hosts of an overlay network and tells who got each. */
import { ipFamily } from "../../lib/addr/ip.ts";
import { type Mac, mac } from "../../lib/addr/mac.ts";
import { formatOwner } from "../../lib/model/owner.ts";
import type { Encapsulation } from "../../lib/model/path/trace.ts";
import type { Scene } from "../../lib/model/scene.ts";
import { IPPROTO, type IpPacket } from "../../lib/policy/packet.ts";
import { vxlan } from "../system/frames.ts";
import type { OverlayLab } from "../system/overlay-lab.ts";
import { udp } from "../system/packets.ts";
import { ETH, ethernet, ip4, ip6, NEXT } from "../system/wire.ts";
import { openLines } from "./lines.ts";
import { type FarShot, type UnderlayMacs, underlay } from "./overlay-packets.ts";
import {
  type Arrival,
  awaitTag,
  type Eye,
  endpointEye,
  firstTag,
  inputEye,
  lookAt,
  protocols,
} from "./range.ts";
import { type Line, openInput, openLink, stayOnCpu } from "./raw-sockets.ts";
import { decodeFrame, encodeFrame } from "./wire.ts";

export interface FarRange {
  readonly macs: UnderlayMacs;
  /** Sends them in order. @returns for each where it came out: `1 host`, `2 blue/c1/eth0`, `outside` */
  shoot(shots: readonly FarShot[]): readonly (readonly Arrival[])[];
  close(): void;
}

const sentinelTag = 0x0a12_0000;
/** Queues that a packet from a container to one of the other host passes, and some. */
const rounds = 10;

export async function openFarRange({ lan, hosts }: OverlayLab, scenes: readonly Scene[]): Promise<FarRange> {
  const macOf = async (ns: OverlayLab["lan"]["ns"], device: string): Promise<Mac> => {
    const [link] = JSON.parse(await lan.exec(ns, "ip", "-j", "link", "show", "dev", device));
    return mac(link.address);
  };
  const uplinks = await Promise.all(hosts.map(({ host }) => macOf(host.ns, "eth0")));
  const macs: UnderlayMacs = {
    hosts: [uplinks[0] as Mac, uplinks[1] as Mac],
    outside: await macOf(lan.ns, "lan"),
  };
  const lines = openLines();
  const { within } = lines;
  const outside = within(lan.ns.path, () => openLink("lan"));
  const compartments = new Map<string, Line>();
  const eyes: Eye[] = [
    {
      at: "outside",
      // The switch of the LAN floods what it does not know the way of.
      take: () =>
        outside
          .take()
          .flatMap((bytes) => decodeFrame(bytes) ?? [])
          .filter(({ destinationMac }) => destinationMac === macs.outside),
    },
  ];
  for (const [i, { host }] of hosts.entries()) {
    for (const plan of scenes[i]?.endpoints ?? []) {
      const line = within(plan.compartment.path, () => openLink(plan.vnic.name));
      compartments.set(`${i} ${plan.key}`, line);
      eyes.push(endpointEye(plan, line, `${i + 1} ${formatOwner(plan.owner)}`));
    }
    for (const family of [4, 6] as const)
      for (const protocol of protocols[family]) {
        const line = within(host.ns.path, () => openInput(family, protocol));
        eyes.push(inputEye(family, protocol, line, `${i + 1} host`));
      }
  }
  const shootAll: FarRange["shoot"] = (shots) => {
    const arrivals = shots.map((): Arrival[] => []);
    const look = () => lookAt(eyes, arrivals);
    for (const [at, { host, start, packet }] of shots.entries()) {
      const frame = encodeFrame(packet, firstTag + at);
      if (start.kind === "endpoint") compartments.get(`${host} ${start.key}`)?.send(frame);
      else if (start.kind === "tunnel") outside.send(outerFrame(start.tunnel, frame, host, macs));
      else outside.send(frame);
      look();
    }
    for (let round = 0; round < rounds; round++) {
      const host = (round % 2) as 0 | 1;
      outside.send(encodeFrame(sentinel(host, macs), sentinelTag + round));
      awaitTag(sentinelTag + round, look);
    }
    return arrivals;
  };
  return {
    macs,
    shoot(shots) {
      const release = stayOnCpu();
      try {
        return shootAll(shots);
      } finally {
        release();
      }
    },
    close: () => {
      lines[Symbol.dispose]();
    },
  };
}

/** Sent by the machine beyond, whatever address it claims. */
function outerFrame(tunnel: Encapsulation, inner: Uint8Array, host: number, macs: UnderlayMacs): Uint8Array {
  const ends = { from: tunnel.source, to: tunnel.vtep };
  const payload = udp(ends, { source: 50_000, destination: tunnel.port }, vxlan(tunnel.vni, [...inner]));
  const wire = { to: macs.hosts[host as 0 | 1], from: macs.outside };
  const frame =
    ipFamily(tunnel.vtep) === 4
      ? ethernet({ ...wire, type: ETH.ip }, ip4({ ...ends, protocol: NEXT.udp }, payload))
      : ethernet({ ...wire, type: ETH.ip6 }, ip6(ends, { next: NEXT.udp, bytes: payload }));
  return Uint8Array.from(frame);
}

/** An echo request from the machine beyond to a host, which nothing stops. */
const sentinel = (host: 0 | 1, { hosts, outside }: UnderlayMacs): IpPacket => ({
  kind: "ip",
  sourceMac: outside,
  destinationMac: hosts[host],
  source: underlay.outside[4],
  destination: underlay.hosts[4][host],
  protocol: IPPROTO.icmp,
  icmpType: 8,
});
