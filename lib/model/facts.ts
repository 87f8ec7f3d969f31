/** What a platform saw: the other half of every comparison. Absent means "not there". */
import type { Family, Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { Limit } from "../policy/qos.ts";
import type { Owner } from "./owner.ts";
import type { Route } from "./vnic.ts";

export interface UplinkFacts {
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  readonly mac?: Mac;
  /** What of the host is there, link-local addresses left out. */
  readonly addresses: readonly Prefix[];
}

export interface HostFacts {
  /** The interface of the default route; absent on a host without one. */
  readonly uplink?: UplinkFacts;
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
  /** Absent when the compartment cannot be entered. */
  readonly compartment?: { readonly vnic?: InterfaceFacts & { readonly routes: readonly Route[] } };
  /** Only of a port that the plan limits. */
  readonly limits?: LimitFacts;
  /** Model entries (NAT sources, published ports, forwarding ...) that the data path lacks, in words. */
  readonly missing: readonly string[];
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
}
