/** The seam as the operator's tool has it: beside what plugins do it looks, mends, watches and captures. */
import type { CniError } from "../cni/error.ts";
import type { HostChange } from "../model/change.ts";
import type { Difference } from "../model/compare.ts";
import type { Beside, Counters } from "../model/counters.ts";
import type { AwaitRequest, LiveRequest, LiveResult, LiveSeen } from "../model/live/live.ts";
import type { Plan } from "../model/plan.ts";
import type { HostProbe } from "../model/probe.ts";
import type { BeyondRepair } from "../model/repair.ts";
import type { SceneHost } from "../model/scene.ts";
import type { PortedSwitch, Switch } from "../model/switch.ts";
import type { Backend, Exclusively } from "./backend.ts";

/** What the operator's tool asks beyond the plugins' needs. */
export interface ToolBackend extends Backend {
  /** The host's own compartment, with the rules of other programs. */
  observeSceneHost(): SceneHost;
  /** Of all ports and switches that bear our marks, and of what of `beside` is elsewhere. */
  observeCounters(beside?: Beside): Counters;
  /** Kernel features, tried where nothing is left of it, and whether our tables are whole. */
  probeHost(): HostProbe;
  /** The rules of our data path and what they go by, as text. */
  formatTables(): string;
  /**
   * What passes an interface from now on.
   *
   * @param snapLength most bytes kept of a frame. @throws {CniError} 100, 106 when there is no such interface, 110
   */
  openCapture(device: CaptureDevice, snapLength: number): Capture;
  /**
   * Sends a marked packet from an endpoint's compartment and tells where it came, or what stopped it. Nothing is left.
   *
   * @throws {CniError} 2 for a packet that cannot be sent so, 11 while another probe runs, 100, 105, 110
   */
  probeLive(request: LiveRequest): Promise<LiveResult>;
  /** Tells where a probe came that another host sends. Nothing is left. @throws {CniError} 11 while another probe runs, 105, 110 */
  awaitLive(request: AwaitRequest): Promise<LiveSeen>;
  /** Entries of the data path that bear the endpoint's mark and are not planned, in words. */
  extraEntries(plan: Plan): readonly string[];
  /** Makes one with its loopback up. @throws {CniError} 101 when something is there, 110 */
  createCompartment(path: string): void;
  /** What is gone already is success. */
  removeCompartment(path: string): void;
  /**
   * Makes an endpoint again what its plan says, while its container runs. Waits for an ADD or DEL at work.
   *
   * @param others plans of the attachments of this host: their rules are put back too when all rules were lost
   * @throws {CniError} 11 when the compartment is held for too long
   */
  repair(plan: Plan, options: RepairOptions): Repair;
  /**
   * Makes again what endpoints share: the switch, its tunnel, our tables. With what `options` says of a repair.
   *
   * @returns what was done, in the words of `ip`, `nft` and `sysctl`. @throws {CniError} 105, 106, 108
   */
  repairSwitch(vswitch: Switch, options: Omit<RepairOptions, "dryRun">): readonly string[];
  /** Takes from a switch the addresses that it has no more, and what our tables have for them. @throws {CniError} 105 */
  shrinkSwitch(before: PortedSwitch, after: PortedSwitch): void;
  /** From now on. @throws {CniError} 110 */
  watch(): HostWatch;
  /** @param fn synchronous: runs in there, and so does what it starts. @throws {CniError} 100, and what `fn` throws */
  inCompartment<T>(path: string, fn: () => T): T;
}

export interface RepairOptions {
  /** Only says what would be done. */
  readonly dryRun: boolean;
  readonly exclusively: Exclusively;
  readonly others: () => readonly Plan[];
}

/** What differed, what was done, what still differs. */
export interface Repair {
  readonly before: readonly Difference[];
  /** In the words of `ip`, `nft` and `sysctl`. */
  readonly steps: readonly string[];
  readonly after: readonly Difference[];
  /** What kept some of it from being mended. */
  readonly failure?: CniError;
  /** Why nothing was done, and what helps instead. */
  readonly beyond?: BeyondRepair;
}

/** Tells of changes of the host. */
export interface HostWatch {
  /** From now on also of rows by which other hosts are reached, or no longer. */
  hearPeers(wanted: boolean): void;
  /** Until something changed, a signal came, or so long. */
  wait(ms: number): void;
  /** What changed since the last time; more often than it is worth, never less. */
  receive(): readonly HostChange[];
  close(): void;
}

export interface CaptureDevice {
  readonly name: string;
  /** Path of the compartment it is in; absent: the host's. */
  readonly compartment?: string;
  /** What goes out there comes from containers: a vNIC itself, or an uplink. Of a port it is the other way. */
  readonly outward?: true;
}

/** Frames as they come; the kernel keeps some for who is late. */
export interface Capture {
  /** The next one; undefined when none is waiting. */
  receive(): CapturedFrame | undefined;
  /**
   * Waits for a frame, up to `ms`.
   *
   * @param output a descriptor that is written to: "closed" when nobody reads it any more
   */
  wait(ms: number, output?: number): "readable" | "quiet" | "closed";
  /** How many were too many for the kernel to keep, since this was asked last. */
  dropped(): number;
  close(): void;
}

export interface CapturedFrame {
  /** When it passed, in nanoseconds since 1970. */
  readonly atNs: bigint;
  /** On the wire; `bytes` may be fewer. */
  readonly length: number;
  readonly bytes: Uint8Array;
  /** At a port: sent by the host's end. */
  readonly towardsContainer: boolean;
}
