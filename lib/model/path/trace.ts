/** A trace: what became of one packet, stage by stage, as plain data. */
import type { Ip } from "../../addr/ip.ts";
import type { Packet } from "../../policy/packet.ts";
import type { Consulted } from "./consulted.ts";
import type { DropReason } from "./drop-reason.ts";

/** In the order in which a packet may meet them. The names are stable. */
export const stageIds = [
  "vnic.route",
  "vnic.neighbour",
  "tap.out",
  "port.out",
  "port.guard",
  "port.acl.out",
  "port.qos.out",
  "underlay.arrival",
  "tunnel.source",
  "underlay.foreign.prerouting",
  "underlay.foreign.input",
  "tunnel.in",
  "tunnel.behind",
  "switch.foreign.prerouting",
  "uplink.arrival",
  "uplink.out",
  "uplink.forward",
  "uplink.leave",
  "switch.forward",
  "switch.foreign.input",
  "host.arrival",
  "host.foreign.prerouting",
  "host.nat.prerouting",
  "host.foreign.output",
  "host.nat.output",
  "host.route",
  "host.foreign.input",
  "host.loopback",
  "host.input",
  "host.ttl",
  "host.mtu",
  "host.foreign.forward",
  "host.isolation",
  "host.foreign.postrouting",
  "host.nat.postrouting",
  "host.neighbour",
  "switch.foreign.forward",
  "switch.foreign.output",
  "switch.foreign.postrouting",
  "tunnel.out",
  "tunnel.vtep",
  "underlay.route",
  "tunnel.encap",
  "underlay.foreign.output",
  "underlay.foreign.postrouting",
  "underlay.neighbour",
  "port.in",
  "port.acl.in",
  "port.qos.in",
  "tap.in",
  "vnic",
] as const;
export type StageId = (typeof stageIds)[number];

/**
 * By name: an endpoint's `network/container/interface`, a port's, a switch's, a tunnel's or an uplink's interface, `host`.
 * A guest is the virtual machine behind an endpoint's tap.
 */
export interface Place {
  readonly kind: "guest" | "compartment" | "port" | "switch" | "tunnel" | "uplink" | "host";
  readonly name: string;
}

/** Who wrote what was found. */
export type Writer =
  | { readonly kind: "endpoint"; readonly owner: string }
  | { readonly kind: "network"; readonly network: string }
  /** What tells of an overlay network's other hosts: its configuration (`static`), or what was read at that revision. */
  | {
      readonly kind: "directory";
      readonly network: string;
      readonly type: "static" | "etcd" | "flannel";
      readonly revision?: string;
    }
  | { readonly kind: "kernel" }
  | { readonly kind: "foreign"; readonly table: string; readonly chain: string };

export type Decision = "pass" | "rewrite" | "forward" | "deliver" | "leave" | "drop" | "perhaps" | "ask";

export interface Stage {
  readonly id: StageId;
  readonly where: Place;
  /** What was consulted: `guard`, `ACL Out`, `routes of the host` ... */
  readonly object: string;
  /** What was looked up in it. */
  readonly key: string;
  /** What was found. */
  readonly value: string;
  readonly writer: Writer;
  readonly decision: Decision;
  /** The packet after the stage, where it is another one. */
  readonly packet?: Packet;
}

/** Whom a packet reached. */
export type Recipient =
  | { readonly kind: "endpoint"; readonly owner: string }
  | { readonly kind: "host"; readonly address: Ip }
  /** Multicast and broadcast: all that took it; `host` and `beyond INTERFACE` among them. */
  | { readonly kind: "group"; readonly switch: string; readonly members: readonly string[] };

export interface Delivered {
  readonly kind: "delivered";
  readonly to: Recipient;
  /** As it arrives. */
  readonly packet: Packet;
}

export interface Dropped {
  readonly kind: "dropped";
  readonly stage: StageId;
  readonly reason: DropReason;
  /** The very policy, route or rule that drops, or what is missing. */
  readonly by: string;
  /** A sentence: how to mend it. */
  readonly remedy: string;
}

export interface Leaves {
  readonly kind: "leaves";
  readonly interface: string;
  /** The tag that it bears on the wire (802.1Q). */
  readonly vlan?: number;
  /** The source address that is seen beyond the host; absent where it is no IP. */
  readonly source?: Ip;
  readonly packet: Packet;
  /** It is on its way to another host of an overlay network, inside of this. */
  readonly tunnel?: Encapsulation;
}

/** What a packet of an overlay network is in, on the underlay (RFC 7348). Its source port is a hash of what is inside. */
export interface Encapsulation {
  readonly network: string;
  readonly vni: number;
  readonly source: Ip;
  readonly vtep: Ip;
  /** UDP. */
  readonly port: number;
  /** Whose VTEP it is, where a directory tells. */
  readonly node?: string;
}

/** Rules that are not understood decide. */
export interface Perhaps {
  readonly kind: "perhaps";
  /** Each with its table and chain. */
  readonly rules: readonly string[];
  readonly remedy: string;
  /** What becomes of the packet when they let it pass. */
  readonly otherwise: Delivered | Leaves;
}

export interface NeedsInput {
  readonly kind: "needs more input";
  readonly stage: StageId;
  readonly what: string;
}

export type Verdict = Delivered | Dropped | Leaves | Perhaps | NeedsInput;

export interface Trace {
  /** As it set out: what was left open is filled in. */
  readonly packet: Packet;
  /** Of the connection it belongs to. */
  readonly state: ConnectionState;
  readonly stages: readonly Stage[];
  readonly verdict: Verdict;
  /** Fields that mattered: a packet that differs only in others, or within these, fares the same. */
  readonly consulted: readonly Consulted[];
  /** How answers find back, in sentences. */
  readonly replies: readonly string[];
}

/** `established`: a later packet of a connection that was let through, in the direction in which it was opened. */
export type ConnectionState = "new" | "established";
