/**
 * The seam between the model and a platform: plans go in, facts come out.
 *
 * Each platform is `compile` (pure: plan and facts to steps) and `run` (thin). Only the platform in use is loaded.
 */
import type { Ip } from "../addr/ip.ts";
import type { Difference } from "../model/compare.ts";
import type { DefaultRoute, EndpointFacts, HostFacts, HostQuery, Mark, SwitchMark } from "../model/facts.ts";
import type { Peer } from "../model/peer.ts";
import type { Plan } from "../model/plan.ts";
import type { AnyExternalSwitch, OverlayMode, OverlaySwitch, Switch } from "../model/switch.ts";

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
