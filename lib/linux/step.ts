/**
 * A step: one thing the kernel shall do, as data, with how to undo it.
 *
 * Steps speak by name and role; interface numbers are learned while they run.
 */
import type { Ip } from "../addr/ip.ts";
import type { Request } from "../netlink/message.ts";
import type { ErrnoName } from "../os/errno.ts";
import type { NewTap } from "./vm/create-tap.ts";

/** A request, with the refusals that mean "it is so already". */
export interface Deed {
  readonly request: Request;
  readonly accept?: readonly ErrnoName[];
}

/** The links a plan speaks of. */
export type Role = "switch" | "port" | "vnic" | "tap" | "limiter" | "uplink";

/** Index of each link by its role, as far as it is known. */
export type LinkIndex = (role: Role) => number;

export type Action =
  /** rtnetlink requests, sent together and processed in order. */
  | { readonly kind: "host" | "compartment"; readonly requests: (index: LinkIndex) => readonly Request[] }
  /** rtnetlink requests in one datagram, which nothing interrupts. When one is refused, `back` undoes what all did, at once. */
  | {
      readonly kind: "together";
      readonly deeds: (index: LinkIndex) => readonly Deed[];
      readonly back: (index: LinkIndex) => readonly Deed[];
    }
  /** One nftables transaction: all or nothing. */
  | { readonly kind: "rules"; readonly requests: readonly Request[] }
  /** Key below net/, with the parts of its path apart. */
  | {
      readonly kind: "sysctl";
      readonly where: "host" | "compartment";
      readonly key: readonly string[];
      readonly value: string;
      readonly optional?: boolean;
    }
  /** Looks a link's index up and remembers it. */
  | {
      readonly kind: "learn";
      readonly where: "host" | "compartment";
      readonly role: Role;
      readonly name: string;
    }
  /** Makes a tap, which stays. */
  | { readonly kind: "tap"; readonly where: "host" | "compartment"; readonly tap: NewTap }
  /** What of checksums the link's hardware, or what stands in for it, makes. */
  | { readonly kind: "offload"; readonly name: string; readonly txChecksum: boolean }
  /** Waits until the link carries packets. */
  | { readonly kind: "carrier"; readonly role: Role }
  /** Asks the wire whether somebody has one of the addresses: RFC 5227 for IPv4, RFC 4862 5.4 for IPv6. */
  | {
      readonly kind: "probe";
      /** Absent: in the compartment, by the vNIC; on the host, by the uplink. */
      readonly where?: "host";
      readonly addresses: readonly Ip[];
      readonly waitMs: number;
    }
  /** Tells the wire beyond the uplink that the host has these addresses now. */
  | { readonly kind: "announce"; readonly addresses: readonly Ip[] }
  /** Forgets flows of published ports that went elsewhere before. */
  | { readonly kind: "forget-flows"; readonly flows: FlowPattern };

/** Conntrack entries of these protocols that lead to one of the ports, or come from one of the addresses. */
export interface FlowPattern {
  readonly protocols: readonly ("udp" | "sctp" | "tcp")[];
  readonly hostPorts: readonly number[];
  readonly addresses: readonly Ip[];
}

export interface Step {
  /** In the words of `ip`, `nft` and `sysctl`. */
  readonly title: string;
  /** `endpoint` steps are undone when a later one fails, `switch` steps are shared and stay. */
  readonly scope: "switch" | "endpoint";
  readonly action: Action;
  readonly undo?: Action;
  /** What a kernel may have been built without, where the step asks for it: the module that brings it. */
  readonly needs?: string;
  /** What one program of the host alone can have, where the step takes it: EADDRINUSE when somebody else does. */
  readonly takes?: string;
  /** Refusals that mean "it is so already". */
  readonly accept?: readonly ErrnoName[];
}
