/** What a platform saw: the other half of every comparison. Absent means "not there". */
import type { Family, Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { Limit } from "../policy/qos.ts";
import type { HostConfiguration } from "./host-configuration.ts";
import type { Owner } from "./owner.ts";
import type { OverlaySwitch, Tunnel } from "./switch.ts";
import type { UplinkNature } from "./uplink-nature.ts";
import type { Route } from "./vnic.ts";

export interface UplinkFacts {
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  readonly mac?: Mac;
  /** As the kernel names kinds of links; absent for hardware. */
  readonly kind?: string;
  /** What of the host is there, link-local addresses left out. */
  readonly addresses: readonly Prefix[];
}

/** What a network asks of the host beyond what all do. */
export interface HostQuery {
  /** What the uplink is. */
  readonly nature?: true;
  /** What a bridge of this name would take, or has taken. */
  readonly takeover?: { readonly network: string; readonly bridge: string; readonly lower: Lower };
}

/** What becomes the port: the uplink itself, or this VLAN of it. */
export type Lower = "uplink" | { readonly vlan: number };

/** Answers to what of a query was asked. */
export interface TakeoverFacts {
  /** Of the uplink's link that becomes the port, where it is there. */
  readonly lower?: { readonly mac?: Mac; readonly mtu: number };
  /** What the host has on it; or on the bridge, when that has taken it. */
  readonly host: HostConfiguration;
  /** The bridge has it already. */
  readonly taken: boolean;
  /** It is not sure to have everything: what is written down already is worth more than what is seen. */
  readonly unfinished: boolean;
  /** Next hop objects of routes out of it: they belong to a link, and cannot move. */
  readonly nexthopObjects: readonly number[];
  /** What bears the bridge's name. */
  readonly bridge?: {
    readonly kind?: string;
    readonly mac?: Mac;
    readonly mtu: number;
    /** Whether it bears the network's mark. */
    readonly ours: boolean;
    /** Names of its ports that are no endpoint's. */
    readonly ports: readonly string[];
  };
}

export interface HostFacts {
  /** The interface of the default route; absent on a host without one. */
  readonly uplink?: UplinkFacts;
  /** Only when asked for. */
  readonly nature?: UplinkNature;
  /** Only when asked for. */
  readonly takeover?: TakeoverFacts;
  /** Every prefix the host has an address in or a route to, default routes left out. */
  readonly prefixes: readonly Prefix[];
  /** Of these the ones that are on a link of the host. */
  readonly connected: readonly { readonly prefix: Prefix; readonly interface: string }[];
}

export interface DefaultRoute {
  readonly family: Family;
  /** Metric: lower is preferred. */
  readonly priority: number;
}

export interface InterfaceFacts {
  readonly up: boolean;
  readonly mac?: Mac;
  readonly mtu: number;
  readonly addresses: readonly Prefix[];
}

export interface EndpointFacts {
  readonly switch?: InterfaceFacts;
  readonly port?: {
    readonly up: boolean;
    readonly mtu: number;
    readonly switch?: string;
    /** It reaches no port that is isolated too. */
    readonly isolated: boolean;
  };
  /** Of a synthetic VM NIC: where it shall be. */
  readonly tap?: TapFacts;
  /** Absent when the compartment cannot be entered. */
  readonly compartment?: { readonly vnic?: InterfaceFacts & { readonly routes: readonly Route[] } };
  /** Only of a port that the plan limits. */
  readonly limits?: LimitFacts;
  /** Model entries (NAT sources, published ports, forwarding ...) that the data path lacks, in words. */
  readonly missing: readonly string[];
}

export interface TapFacts extends InterfaceFacts {
  readonly owner?: number;
  readonly group?: number;
  readonly multiQueue: boolean;
  /** Of a tap in the compartment: whether it sends what the link to the switch receives, and the other way round. */
  readonly joined?: { readonly towardsGuest: boolean; readonly fromGuest: boolean };
}

/** What holds a port to its rates. */
export interface LimitFacts {
  /** Of what the port sends to the container. */
  readonly in?: Limit;
  /** The link through which all that the container sends shall pass. */
  readonly limiter?: {
    readonly name: string;
    readonly up: boolean;
    readonly out?: Limit;
    /** Whether it does. */
    readonly inUse: boolean;
  };
}

/** A port of the host that leads to an endpoint. */
export interface MarkedPort {
  /** Absent for every address of the family. */
  readonly hostIp?: Ip;
  readonly protocol: string;
  readonly hostPort: number;
  readonly family: Family;
}

/** What kernel objects say of their endpoint: enough to remove it, and to rebuild lost state. */
export interface Mark {
  readonly key: string;
  /** As far as the mark had room for it. */
  readonly owner?: Owner;
  readonly addresses: readonly Prefix[];
  readonly ports: readonly MarkedPort[];
}

/** What a switch says of its network. */
export interface SwitchMark {
  readonly network: string;
  readonly name: string;
  readonly gateways: readonly Prefix[];
  readonly mtu: number;
  /** Of a routed switch. */
  readonly routed?: { readonly uplink: string };
  /** Of an overlay network. */
  readonly overlay?: Pick<OverlaySwitch, "vni" | "mode"> & {
    readonly tunnel: Pick<Tunnel, "uplink" | "vtep" | "udpPort" | "mac">;
  };
  /** Of an external switch: the link that is its port, and the bridge's MAC. */
  readonly external?: { readonly kind: "bridge"; readonly lower: string; readonly mac: Mac };
}
