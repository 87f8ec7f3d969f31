/** Sends packets on a real host and tells who got each: what the model is held against. */
import { type Ip, ip } from "../../lib/addr/ip.ts";
import { mac } from "../../lib/addr/mac.ts";
import { prefixAddress } from "../../lib/addr/prefix.ts";
import { formatOwner } from "../../lib/model/owner.ts";
import { isStackedPlan } from "../../lib/model/path/uplink.ts";
import type { Plan } from "../../lib/model/plan.ts";
import { IPPROTO, type IpPacket } from "../../lib/policy/packet.ts";
import { type Host, uplink } from "../system/host.ts";
import { openLines } from "./lines.ts";
import { everybody, type Shot } from "./packets.ts";
import { type Line, openInput, openLink, stayOnCpu } from "./raw-sockets.ts";
import { decodeFrame, decodeIp, decodeTransport, encodeFrame, type Received } from "./wire.ts";

export interface Arrival extends Omit<Received, "tag"> {
  /** Owner of the endpoint, `host`, or `outside`. */
  readonly at: string;
}

export interface Range {
  /** Sends them in order. @returns for each where it came out */
  shoot(shots: readonly Shot[]): readonly (readonly Arrival[])[];
  readonly hostMac: string;
  readonly outsideMac: string;
  close(): void;
}

/** A receiver with the frames it has got that somebody takes. */
export interface Eye {
  readonly at: string;
  take(): readonly Received[];
}

export const protocols = {
  4: [IPPROTO.udp, IPPROTO.tcp, IPPROTO.icmp],
  6: [IPPROTO.udp, IPPROTO.tcp, IPPROTO.icmp6],
} as const;

export async function openRange(host: Host, plans: readonly Plan[]): Promise<Range> {
  const macOf = async (ns: Host["ns"]): Promise<string> => {
    const [link] = JSON.parse(await host.exec(ns, "ip", "-j", "link", "show", "dev", "eth0"));
    return link.address;
  };
  const [hostMac, outsideMac] = [await macOf(host.ns), await macOf(host.outside)];
  const lines = openLines();
  const { within } = lines;
  const outside = within(host.outside.path, () => openLink("eth0"));
  const compartments = new Map(
    plans.map((plan) => [plan.key, within(plan.compartment.path, () => openLink(plan.vnic.name))]),
  );
  const eyes: readonly Eye[] = [
    { at: "outside", take: () => outside.take().flatMap((bytes) => decodeFrame(bytes) ?? []) },
    ...plans.map((plan) => endpointEye(plan, compartments.get(plan.key), formatOwner(plan.owner))),
    ...([4, 6] as const).flatMap((family) =>
      protocols[family].map((protocol) =>
        inputEye(
          family,
          protocol,
          within(host.ns.path, () => openInput(family, protocol)),
          "host",
        ),
      ),
    ),
  ];
  const shoot: Range["shoot"] = (shots) => {
    const release = stayOnCpu();
    try {
      return shootAll(shots);
    } finally {
      release();
    }
  };
  const shootAll: Range["shoot"] = (shots) => {
    const arrivals = shots.map((): Arrival[] => []);
    const look = () => lookAt(eyes, arrivals);
    for (const [at, { start, packet }] of shots.entries()) {
      const line = start.kind === "outside" ? outside : compartments.get(start.key);
      line?.send(encodeFrame(packet, firstTag + at));
      look();
    }
    // What was sent before is behind it in the same queues, and may have several of them to pass.
    for (let round = 0; round < rounds; round++) sentinel(outside, hostMac, outsideMac, round, look);
    // What came from the wire to all has a queue of its own on an uplink with vNICs: the last is served last.
    const hanging = plans.filter(isStackedPlan).at(-1);
    if (hanging !== undefined) toAllSentinel(outside, outsideMac, hanging, look);
    return arrivals;
  };
  return {
    shoot,
    hostMac,
    outsideMac,
    close: () => {
      lines[Symbol.dispose]();
    },
  };
}

/** Takes what has come, and notes where each shot arrived. @param arrivals by shots */
export function lookAt(eyes: readonly Eye[], arrivals: readonly Arrival[][]): readonly Received[] {
  return eyes.flatMap((eye) => {
    const got = eye.take();
    for (const { tag, ...rest } of got) arrivals[tag - firstTag]?.push({ at: eye.at, ...rest });
    return got;
  });
}

export const firstTag = 0x5eed_0000;
const sentinelTag = 0x0a11_0000;
const rounds = 6;

/** An echo request from outside to the host itself, which nothing stops; waits until it is there. */
function sentinel(
  outside: Line,
  hostMac: string,
  outsideMac: string,
  round: number,
  look: () => readonly Received[],
): void {
  const tag = sentinelTag + round;
  const frame = encodeFrame(
    {
      kind: "ip",
      sourceMac: mac(outsideMac),
      destinationMac: mac(hostMac),
      source: ip(uplink.outside4),
      destination: ip(uplink.host4),
      protocol: IPPROTO.icmp,
      icmpType: 8,
    },
    tag,
  );
  outside.send(frame);
  awaitTag(tag, look);
}

export function awaitTag(tag: number, look: () => readonly Received[]): void {
  const deadline = performance.now() + 5000;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!look().some((one) => one.tag === tag)) {
    if (performance.now() > deadline) throw new Error("the sentinel did not arrive");
    Atomics.wait(cell, 0, 0, 0.2);
  }
}

/** A frame from outside to all; waits until a vNIC on the uplink has it. */
function toAllSentinel(
  outside: Line,
  outsideMac: string,
  { vnic }: Plan,
  look: () => readonly Received[],
): void {
  const [destination] = vnic.addresses.map(prefixAddress);
  if (destination === undefined) throw new Error(`${vnic.name} has no address`);
  const isIpv4 = !destination.includes(":");
  const packet: IpPacket = {
    kind: "ip",
    sourceMac: mac(outsideMac),
    destinationMac: everybody,
    source: ip(isIpv4 ? uplink.outside4 : uplink.outside6),
    destination,
    protocol: IPPROTO.udp,
    destinationPort: 9,
  };
  const tag = sentinelTag + rounds;
  outside.send(encodeFrame(packet, tag));
  awaitTag(tag, look);
}

/** A compartment takes what is for its MAC, or for all, and for one of its addresses. */
export function endpointEye(plan: Plan, line: Line | undefined, at: string): Eye {
  const own = new Set<string>(plan.vnic.addresses.map(prefixAddress));
  const frames = () => (line?.take() ?? []).flatMap((bytes) => decodeFrame(bytes) ?? []);
  return {
    at,
    take: () =>
      frames().filter(
        ({ destinationMac, destination }) =>
          (destinationMac === plan.vnic.mac || destinationMac === everybody) && own.has(destination),
      ),
  };
}

/** The host's own stack. A raw socket of IPv6 gives no header: who sent it stays open. */
export function inputEye(family: 4 | 6, protocol: number, line: Line, at: string): Eye {
  const unknown = "::" as Ip;
  return {
    at,
    take: () =>
      line.take().flatMap((bytes): Received[] => {
        if (family === 4) return [decodeIp(bytes, false) ?? []].flat();
        const body = decodeTransport(bytes, protocol);
        return body === undefined ? [] : [{ ...body, protocol, source: unknown, destination: unknown }];
      }),
  };
}
