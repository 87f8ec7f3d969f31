/**
 * A virtual switch: what a network's ports meet on, and what the host itself has on it.
 *
 * The Windows model's internal switch has the host as its router, and so has the switch of an overlay network here; all
 * other kinds are external switches, bound to an uplink, which differ in how a container's frames get onto the wire.
 */
import type { Family, Ip } from "../addr/ip.ts";
import { linkLocal, type Mac } from "../addr/mac.ts";
import { type Prefix, prefixFamily, prefixOf } from "../addr/prefix.ts";
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

interface HangingSwitch extends ExternalSwitch {
  /** Absent: host and containers do not reach each other. */
  readonly host?: HostAdapter;
}

/** vNICs are macvlans of the uplink: they have MACs of their own, no port on the host, and nothing of it is touched. */
export interface MacvlanSwitch extends HangingSwitch {
  readonly kind: "macvlan";
  readonly mode: MacvlanMode;
}

/** vNICs are ipvlans of the uplink, in its mode l2: as macvlans, but all of them share the uplink's MAC. */
export interface IpvlanSwitch extends HangingSwitch {
  readonly kind: "ipvlan";
  readonly mode: "l2";
  readonly uplinkMac: Mac;
}

/**
 * vNICs have ports on a bridge that the uplink is no port of. The host answers for their addresses on the wire, and
 * towards them for all that is beyond it, and routes between the two: the wire sees the uplink's MAC alone.
 */
export interface RoutedSwitch extends ExternalSwitch {
  readonly kind: "routed";
  readonly mac: Mac;
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

/** How containers of several hosts are one network: by routes to each host's subnets, or as one subnet on all of them. */
export const overlayModes = ["routed", "stretched"] as const;
export type OverlayMode = (typeof overlayModes)[number];

/**
 * Where frames leave for other hosts: a virtual tunnel end point (RFC 7348). `udpPort` and the VNI are what the kernel knows
 * it by, and never change; `sealed` is said when it is made; the rest is compared with the kernel and put right
 * (lib/linux/overlay/tunnel-lacks.ts).
 */
export interface Tunnel {
  /** Its interface. */
  readonly name: string;
  /** The interface of the host that leads to the underlay. */
  readonly uplink: string;
  /** The host's address on the underlay, which the outer packets bear. */
  readonly vtep: Ip;
  /** To other hosts it is the router of this host's containers (HCN's DrMacAddress). */
  readonly mac: Mac;
  /** Where VXLAN is received, and sent to. */
  readonly udpPort: number;
  /** In the mode `stretched`: frames to all, and to MACs that nobody knows, go to every host. Absent: to none. */
  readonly flood?: true;
  /** The uplink encrypts: packets of the network go by no other way, and come by none. Absent: by whatever routes say. */
  readonly sealed?: true;
  /** Inner and outer checksums are made before packets come to the uplink, at a price. Absent: by the uplink. */
  readonly checksums?: "early";
}

/**
 * vNICs have ports on a bridge with the host as its router, whose other hosts are reached in VXLAN packets out of the
 * uplink. In the mode `stretched` the tunnel is a port of the bridge, in `routed` the host routes between the two.
 */
export interface OverlaySwitch extends CommonSwitch {
  readonly kind: "overlay";
  /** Of the gateway: the same on every host. */
  readonly mac: Mac;
  /** VXLAN network identifier, HCN's VSID. */
  readonly vni: number;
  readonly mode: OverlayMode;
  readonly tunnel: Tunnel;
  /** Of the network on all hosts, as far as that is known: what nobody has of them leaves by no other way. */
  readonly cidrs: readonly Prefix[];
}

export type Switch =
  | InternalSwitch
  | MacvlanSwitch
  | IpvlanSwitch
  | RoutedSwitch
  | BridgeSwitch
  | OverlaySwitch;
export type SwitchKind = Switch["kind"];
/** Switches by which containers are on the wire of an uplink themselves. */
export type AnyExternalSwitch = Exclude<Switch, HostedSwitch>;
/** Switches with the host as the router of their containers. */
export type HostedSwitch = InternalSwitch | OverlaySwitch;

/** vNICs that hang on the uplink itself: no interface of the host leads to one of them. */
export type StackedSwitch = MacvlanSwitch | IpvlanSwitch;
/** Switches that are a bridge of the host, with a port for each vNIC. */
export type PortedSwitch = Exclude<Switch, StackedSwitch>;

const stacked: Readonly<Record<SwitchKind, boolean>> = {
  internal: false,
  macvlan: true,
  ipvlan: true,
  routed: false,
  bridge: false,
  overlay: false,
};

export const isStacked = (vswitch: Switch): vswitch is StackedSwitch => stacked[vswitch.kind];
export const isRouted = (vswitch: Switch): vswitch is RoutedSwitch => vswitch.kind === "routed";
export const isBridge = (vswitch: Switch): vswitch is BridgeSwitch => vswitch.kind === "bridge";
export const isOverlay = (vswitch: Switch): vswitch is OverlaySwitch => vswitch.kind === "overlay";
export const isHosted = (vswitch: Switch): vswitch is HostedSwitch =>
  vswitch.kind === "internal" || isOverlay(vswitch);
export const isExternal = (vswitch: Switch): vswitch is AnyExternalSwitch => !isHosted(vswitch);

/** What the host has on a bridge that we put there: routed containers find it by its link-local address. */
export function switchAddresses(vswitch: PortedSwitch): readonly Prefix[] {
  if (!isRouted(vswitch)) return vswitch.gateways;
  return vswitch.forwarding.includes(6) ? [prefixOf(linkLocal(vswitch.mac), 64)] : [];
}

/** Of which the host forwards: what a bridge without addresses of its own goes by. */
export function switchFamilies({ gateways, forwarding, kind }: PortedSwitch): ReadonlySet<Family> {
  return new Set(kind === "routed" ? forwarding : gateways.map(prefixFamily));
}

/** The interface on which the host answers for addresses of its containers. */
export function proxyOf(vswitch: Switch): string | undefined {
  return isRouted(vswitch) ? vswitch.lower : undefined;
}

/** The host's own adapter, where the kind has one and the network wants it. */
export function hostAdapterOf(vswitch: Switch): HostAdapter | undefined {
  return vswitch.kind === "macvlan" ? vswitch.host : undefined;
}
