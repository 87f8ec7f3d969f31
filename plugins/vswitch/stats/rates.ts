/** Two looks at the counters of ports: what passed in between. Pure. */
import {
  type Counters,
  type Drops,
  droppedPackets,
  type PortCounters,
  type Traffic,
} from "../../../lib/model/counters.ts";

/** Whose a port is. */
export interface PortOwner {
  readonly key: string;
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
}

export interface Flow extends Traffic {
  /** Absent at the first look. */
  readonly packetsPerSecond?: number;
  readonly bytesPerSecond?: number;
}

export interface PortStats {
  /** Absent where the state does not know the port's endpoint. */
  readonly owner?: PortOwner;
  /** Absent where it has none on the host. */
  readonly port?: string;
  /** In the compartment, where it is counted there. */
  readonly interface?: string;
  readonly out: Flow;
  readonly in: Flow;
  readonly drops: readonly Drops[];
  /** Of all layers together. */
  readonly droppedPerSecond?: number;
}

/** Of an overlay network's way to other hosts. */
export interface TunnelStats extends Pick<PortStats, "out" | "in" | "drops" | "droppedPerSecond"> {
  readonly network: string;
  readonly tunnel: string;
}

export interface Sample {
  readonly atMs: number;
  readonly ports: readonly PortStats[];
  readonly tunnels: readonly TunnelStats[];
}

/** @param before an earlier look; absent: totals alone */
export function sampleOf(now: Counters, owners: readonly PortOwner[], before?: Counters): Sample {
  const byKey = new Map(owners.map((owner) => [owner.key, ownerOf(owner)]));
  const earlier = new Map(before?.ports.map((port) => [port.key, port]));
  const seconds = before === undefined ? 0 : (now.atMs - before.atMs) / 1000;
  return {
    atMs: now.atMs,
    ports: now.ports.map((port) => statsOf(port, byKey.get(port.key), earlier.get(port.key), seconds)),
    tunnels: (now.tunnels ?? []).map((tunnel) => {
      const then = before?.tunnels?.find(({ name }) => name === tunnel.name);
      return { network: tunnel.network, tunnel: tunnel.name, ...countsOf(tunnel, then, seconds) };
    }),
  };
}

const ownerOf = ({ key, network, containerId, ifname }: PortOwner): PortOwner => ({
  network,
  containerId,
  ifname,
  key,
});

function statsOf(
  port: PortCounters,
  owner: PortOwner | undefined,
  before: PortCounters | undefined,
  seconds: number,
): PortStats {
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(port.inside === true ? { interface: port.name } : { port: port.name }),
    ...countsOf(port, before, seconds),
  };
}

type Counted = Pick<PortCounters, "out" | "in" | "drops">;

function countsOf(now: Counted, before: Counted | undefined, seconds: number) {
  const dropped = perSecond(droppedPackets(now.drops), before && droppedPackets(before.drops), seconds);
  return {
    out: flowOf(now.out, before?.out, seconds),
    in: flowOf(now.in, before?.in, seconds),
    drops: now.drops,
    ...(dropped === undefined ? {} : { droppedPerSecond: dropped }),
  };
}

function flowOf(now: Traffic, before: Traffic | undefined, seconds: number): Flow {
  const packets = perSecond(now.packets, before?.packets, seconds);
  const bytes = perSecond(now.bytes, before?.bytes, seconds);
  if (packets === undefined || bytes === undefined) return now;
  return { ...now, packetsPerSecond: packets, bytesPerSecond: bytes };
}

/** A port that was made anew counts from nothing. */
function perSecond(now: number, before: number | undefined, seconds: number): number | undefined {
  if (before === undefined || seconds <= 0) return undefined;
  return (now < before ? now : now - before) / seconds;
}
