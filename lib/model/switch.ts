/**
 * A virtual switch: what a network's ports meet on, and what the host itself has on it.
 *
 * The Windows model's internal switch has the host as its router; all other kinds here are external switches, bound to
 * an uplink, which differ in how a container's frames get onto the wire.
 */
import type { Family, Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { HostConfiguration } from "./host-configuration.ts";

interface CommonSwitch {
  readonly network: string;
  /** The interface of the host by which the switch is known: its bridge, or what its vNICs hang on. */
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  /** Addresses of the host on the switch that we put there, with the length of their subnet. */
  readonly gateways: readonly Prefix[];
  /** Families whose packets the host forwards for this switch. */
  readonly forwarding: readonly Family[];
  /** Of its bridge, where it has one. */
  readonly mac?: Mac;
  /** Packets of the switch's subnets that leave it are masqueraded, except towards these. Absent: never. */
  readonly outboundNat?: { readonly exceptions: readonly Prefix[] };
  /** Its containers reach the gateway and what is beyond, not each other (HCN's DisableInterComputeCommunication). */
  readonly isolated?: true;
  /** Other networks of this host whose containers may open connections to its own: all, or by name. Absent: none. */
  readonly reachable?: true | readonly string[];
}

/** A switch without uplink: the host is its router, and `gateways` are the containers'. */
export interface InternalSwitch extends CommonSwitch {
  readonly kind: "internal";
  readonly mac: Mac;
}

interface ExternalSwitch extends CommonSwitch {
  /** The interface of the host that leads to the wire. */
  readonly uplink: string;
  /** All that leaves by the uplink bears this tag (802.1Q, 1 to 4094): `lower` is a VLAN of the uplink then. */
  readonly vlan?: number;
  /** The interface that frames leave by: the uplink, or its VLAN. */
  readonly lower: string;
}

/** How macvlans of one link reach each other: in the kernel, not at all, by way of the next switch; or there is but one. */
export const macvlanModes = ["bridge", "private", "vepa", "passthru"] as const;
export type MacvlanMode = (typeof macvlanModes)[number];

/** The host's own adapter on a switch whose vNICs it does not reach otherwise. */
export interface HostAdapter {
  readonly name: string;
  readonly mac: Mac;
  /** What of the host containers reach through it. */
  readonly addresses: readonly Ip[];
}

/** vNICs are macvlans of the uplink: they have MACs of their own, no port on the host, and nothing of it is touched. */
export interface MacvlanSwitch extends ExternalSwitch {
  readonly kind: "macvlan";
  readonly mode: MacvlanMode;
  /** Absent: host and containers do not reach each other. */
  readonly host?: HostAdapter;
}

/** A bridge of the host that has the uplink as a port; the host's own addresses and routes are on the bridge. */
export interface BridgeSwitch extends ExternalSwitch {
  readonly kind: "bridge";
  /** The uplink's: to the LAN the host is who it was. */
  readonly mac: Mac;
  /**
   * What the host had on `lower` when the network was defined. It is written down before anything is moved: what a takeover
   * that broke off has lost comes from here.
   */
  readonly host: HostConfiguration;
  /** Somebody else's, used as it is: nothing of it is ours to change, and the host keeps what it has where it has it. */
  readonly existing?: true;
}

export type Switch = InternalSwitch | MacvlanSwitch | BridgeSwitch;
export type SwitchKind = Switch["kind"];
export type AnyExternalSwitch = Exclude<Switch, InternalSwitch>;

/** vNICs that hang on the uplink itself: no interface of the host leads to one of them. */
export type StackedSwitch = MacvlanSwitch;
/** Switches that are a bridge of the host, with a port for each vNIC. */
export type PortedSwitch = Exclude<Switch, StackedSwitch>;

const stacked: Readonly<Record<SwitchKind, boolean>> = { internal: false, macvlan: true, bridge: false };

export const isStacked = (vswitch: Switch): vswitch is StackedSwitch => stacked[vswitch.kind];
export const isBridge = (vswitch: Switch): vswitch is BridgeSwitch => vswitch.kind === "bridge";
export const isExternal = (vswitch: Switch): vswitch is AnyExternalSwitch => vswitch.kind !== "internal";
