/** What passed the ports of a host and what did not. Counts begin when the port is made. */

import type { Plan } from "./plan.ts";
import type { Switch } from "./switch.ts";

/** Seen from the container, as everywhere in the model. */
export interface Traffic {
  readonly packets: number;
  /** Of frames, headers included. */
  readonly bytes: number;
}

/** Packets that a layer of the port, or the kernel itself, did not let through. */
export interface Drops {
  /**
   * `guard`, `acl`, `qos`; of a switch `isolation`; of a tunnel `tunnel`, for what came from others than its hosts and their containers;
   * `kernel` for what its queues could not take, and what no row of a tunnel tells the way of.
   */
  readonly layer: string;
  readonly direction: "In" | "Out";
  readonly packets: number;
  /** Absent where the kernel does not count them. */
  readonly bytes?: number;
  /** What more the counter's name says, e.g. `spoofed`. */
  readonly reason?: string;
}

export interface PortCounters {
  /** Name of the port; of a vNIC that has none on the host, its own in its compartment. */
  readonly name: string;
  readonly inside?: true;
  /** Key of the endpoint that the port's mark names. */
  readonly key: string;
  readonly up: boolean;
  /** Name of the switch it is on. */
  readonly switch?: string;
  /** From the container. */
  readonly out: Traffic;
  /** To the container. */
  readonly in: Traffic;
  readonly drops: readonly Drops[];
}

/** Of an overlay network's way to other hosts: `out` is towards them. */
export interface TunnelCounters extends Pick<PortCounters, "name" | "up" | "out" | "in" | "drops"> {
  /** The network as the tunnel's mark names it. */
  readonly network: string;
  readonly vni: number;
}

export interface SwitchState {
  readonly name: string;
  /** The network as the switch's mark names it. */
  readonly network: string;
  readonly up: boolean;
  /** What other networks sent and may not. */
  readonly drops: readonly Drops[];
}

/** Of an interface that leads to the wire. */
export interface LinkState {
  readonly name: string;
  readonly up: boolean;
  /** Whether the other end of its cable is there. */
  readonly carrier: boolean;
  /** Bytes. */
  readonly mtu: number;
}

/** What the state knows that the host's own links do not show. */
export interface Beside {
  /** vNICs without a port are read in their compartments. */
  readonly endpoints: readonly Plan[];
  readonly switches: readonly Switch[];
}

export interface Counters {
  /** When it was read, in milliseconds since 1970. */
  readonly atMs: number;
  readonly switches: readonly SwitchState[];
  readonly ports: readonly PortCounters[];
  readonly tunnels?: readonly TunnelCounters[];
  /** Of the external switches that were asked about: those that are there. */
  readonly uplinks?: readonly LinkState[];
}

/** Why a tunnel dropped what was inside: its source does not lead back there. */
export const notBehind = "not behind the tunnel";

/** All packets that were dropped, of one layer or of all. */
export function droppedPackets(drops: readonly Drops[], layer?: string): number {
  const counted = layer === undefined ? drops : drops.filter((one) => one.layer === layer);
  return counted.reduce((sum, { packets }) => sum + packets, 0);
}
