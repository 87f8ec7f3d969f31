/**
 * The seam between the model and a platform: plans go in, facts come out.
 *
 * Each platform is `compile` (pure: plan and facts to steps) and `run` (thin). Only the platform in use is loaded.
 */
import type { Family, Ip } from "./addr/ip.ts";
import type { Mac } from "./addr/mac.ts";
import type { Prefix } from "./addr/prefix.ts";
import type { CniError } from "./cni/error.ts";
import type { LeaseRoute } from "./dhcp/lease.ts";
import type { DhcpSocket } from "./dhcp/socket.ts";
import type { HostChange } from "./model/change.ts";
import type { Difference } from "./model/compare.ts";
import type { Beside, Counters } from "./model/counters.ts";
import type { DefaultRoute, EndpointFacts, HostFacts, HostQuery, Mark, SwitchMark } from "./model/facts.ts";
import type { AwaitRequest, LiveRequest, LiveResult, LiveSeen } from "./model/live/live.ts";
import type { Peer } from "./model/peer.ts";
import type { Plan } from "./model/plan.ts";
import type { HostProbe } from "./model/probe.ts";
import type { BeyondRepair } from "./model/repair.ts";
import type { SceneHost } from "./model/scene.ts";
import type { AnyExternalSwitch, OverlayMode, OverlaySwitch, PortedSwitch, Switch } from "./model/switch.ts";

/** A compartment that was entered and is held: other attachments of the same container wait. */
export interface HeldCompartment {
  readonly path: string;
  /** The default routes it has already, of other networks. */
  readonly defaultRoutes: readonly DefaultRoute[];
  close(): void;
}

/** What removing needs: the key, and of the rest whatever is known. */
export interface Removal {
  readonly key: string;
  /** Of the compartment, where it is known: some vNICs have nothing on the host that bears their mark. */
  readonly path?: string;
  /** What was planned; when the state is lost, the marks on kernel objects serve. */
  readonly plan?: Plan;
}

/** Who of an overlay network is on other hosts, and who is here. */
export interface Remotes {
  readonly peers: readonly Peer[];
  /** Addresses of containers of this host: they are here, whatever a directory says. */
  readonly own: readonly Ip[];
}

/** How other hosts are made reachable. */
export interface Reaching {
  /** Nobody has touched the kernel's tables since this back end was called last: what they hold is not read again. */
  readonly trusting?: boolean;
  /** What is there stays, too: what is known may be old. */
  readonly keeping?: boolean;
}

/** What it took to reach other hosts as a directory says. */
export interface Connected {
  readonly written: number;
  readonly removed: number;
  /** Of single rows: all others are as they shall be. */
  readonly failures: readonly Error[];
}

/** What `apply` did to what endpoints share: whoever has something on it besides looks after that. */
export interface Applied {
  /** The switch was made, or mended. */
  readonly switchMade: boolean;
  /** The rules of all networks were. */
  readonly rulesMade: boolean;
}

/** A switch that shall go. */
export interface RemovedSwitch extends Pick<Switch, "network" | "name"> {
  /** Absent when the state is lost: what bears the network's mark goes. */
  readonly definition?: Switch;
  /** Other networks have vNICs on what its own hang on: that stays. */
  readonly lowerInUse?: boolean;
}

/** Down: by somebody's word, or for lack of a carrier. */
export type UplinkState = "up" | "down" | "gone";

/** Runs it while no other process of the host makes or removes a switch. */
export type Exclusively = (fn: () => void) => void;

export interface Backend {
  /**
   * Kernel features that networks need, each absent one with what it takes: empty when all are there.
   * @param network whether its containers have taps, and how it is one across hosts
   */
  missingFeatures(network: { readonly taps: boolean; readonly overlay?: OverlayMode }): readonly string[];
  /**
   * @param uplink the interface to take for the uplink, where it exists; else that of the default route
   * @param query what else shall be looked at
   */
  observeHost(uplink?: string, query?: HostQuery): HostFacts;
  /** Whether what leaves by the switch's uplink can come anywhere. */
  uplinkState(vswitch: Pick<AnyExternalSwitch, "uplink" | "lower">): UplinkState;
  /** @throws {CniError} 100 when it is missing, no compartment, or the host's own; 11 when it is held for too long */
  holdCompartment(path: string): HeldCompartment;
  /**
   * Waits for who holds it; does nothing when it is gone.
   *
   * @returns what lets go of it. @throws {CniError} 11 when it is held for longer than `waitMs`
   */
  lockCompartment(path: string, waitMs?: number): () => void;
  /** Whether the kernel has this endpoint: its port, or its vNIC where it has none. */
  isAttached(endpoint: Removal): boolean;
  /** Whether something that can be entered is still at this path. */
  compartmentExists(path: string): boolean;
  /**
   * Makes the plan true: the shared switch first (under a lock, compared, never undone), then the endpoint, undone
   * in reverse order when a step fails.
   *
   * @param others plans of the attachments of this host: their rules are put back when all rules were lost
   * @throws {CniError} 101 interface exists, 104 port taken, 105 kernel refused, 108 switch differs
   */
  apply(
    plan: Plan,
    compartment: HeldCompartment,
    exclusively: Exclusively,
    others?: () => readonly Plan[],
  ): Applied;
  /**
   * Makes other hosts of an overlay network reachable, and those that are gone not: only what differs is written.
   *
   * @returns undefined where the network has no switch on this host. @throws {CniError} 105 when the kernel cannot be asked
   */
  connectPeers(vswitch: OverlaySwitch, remotes: Remotes, how?: Reaching): Connected | undefined;
  /**
   * What of that differs, in the words of `ip` and `nft`.
   *
   * @returns undefined where the network's bridge or tunnel are missing: `observe` tells of those. @throws {CniError} 105
   */
  comparePeers(vswitch: OverlaySwitch, remotes: Remotes): readonly Difference[] | undefined;
  /**
   * Gives an endpoint that `apply` made without addresses those of the plan, its routes and what its policies take of
   * them.
   *
   * @throws {CniError} 103 somebody else has the address, 105; what it did is undone
   */
  configure(plan: Plan, compartment: HeldCompartment): void;
  observe(plan: Plan): EndpointFacts;
  /** Removes what bears the key; what is gone already is success. @throws the first failure, after trying all */
  remove(removal: Removal): void;
  /**
   * Removes a switch that has no port left, with the network's entries; the caller keeps others from making it.
   *
   * @returns false when ports are left
   */
  removeSwitch(wanted: RemovedSwitch): boolean;
  /** The marks on kernel objects of one network, or of all. */
  marks(network?: string): { readonly endpoints: readonly Mark[]; readonly switches: readonly SwitchMark[] };
  close(): void;
}

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

/** What a lease makes of a vNIC. */
export interface LeaseSettings {
  readonly address: Prefix;
  /** Those on the link itself before those through a gateway. */
  readonly routes: readonly LeaseRoute[];
  /** Bytes. */
  readonly mtu?: number;
}

/** A vNIC as a DHCP client works on it. */
export interface DhcpLink {
  readonly mac: Mac;
  /** That it may send from: DHCPv6 needs one. */
  readonly linkLocal: Ip | undefined;
  /** The same, once there is one. @throws {CniError} 11 when there is none in time */
  awaitLinkLocal(timeoutMs: number): Ip;
  readonly socket: DhcpSocket;
  /** Whether somebody else on the wire has the address, asked for so long: the vNIC has none of its family yet. */
  isTaken(address: Ip, waitMs: number): boolean;
  /**
   * Puts address and routes in the place of those from before; absent: none.
   *
   * @throws {NetlinkError} when the kernel refuses
   */
  apply(before: LeaseSettings | undefined, after: LeaseSettings | undefined): void;
  /** Takes some 10 ms: a process that ends anyway leaves it to its end. */
  close(): void;
}

/** What DHCP clients need of a platform. */
export interface DhcpBackend {
  /** @returns undefined when the compartment or the vNIC is gone. @throws {CniError} 110 */
  openLink(netns: string, ifname: string, family: Family): DhcpLink | undefined;
  /**
   * Has the kernel make addresses of router advertisements, and waits for those and a default route.
   *
   * @returns undefined when the compartment or the vNIC is gone. @throws {CniError} 11 nothing in time, 103, 110
   */
  autoconfigure(netns: string, ifname: string, timeoutMs: number): readonly Prefix[] | undefined;
  /** Has the kernel take routes from router advertisements. What is gone is passed over. @throws {CniError} 110 */
  hearRouters(netns: string, ifname: string): void;
  /** On a link of the host. @returns undefined when there is none of that name */
  openHost(device: string, family: Family): DhcpSocket | undefined;
}
