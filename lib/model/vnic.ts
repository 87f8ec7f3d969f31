/** The adapter of an attachment, as the compartment sees it. */
import type { Family, Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";

/** `hostVnic`: adapter of a process-isolated container (veth pair on Linux). */
export type VnicType = "hostVnic";

export interface Route {
  readonly destination: Prefix;
  /** Absent: on the link itself. */
  readonly gateway?: Ip;
  /** Metric; absent is the kernel's default. */
  readonly priority?: number;
  readonly table?: number;
  /** rtnetlink scope: 0 global, 253 link, 254 host. */
  readonly scope?: number;
  /** Bytes. */
  readonly mtu?: number;
  readonly advmss?: number;
}

export interface Vnic {
  readonly type: VnicType;
  /** Name inside the compartment: CNI_IFNAME. */
  readonly name: string;
  readonly mac: Mac;
  /** Bytes. */
  readonly mtu: number;
  /** Interface addresses with the length of their subnet. */
  readonly addresses: readonly Prefix[];
  /** Addresses that the kernel made itself of router advertisements (RFC 4862), and keeps up: nobody's to set. */
  readonly autoconf?: readonly Prefix[];
  readonly routes: readonly Route[];
  /** Families whose subnets are not on its link: no route to them comes with an address. */
  readonly offLink?: readonly Family[];
  /** Routers of its subnets, where the host is none. */
  readonly gateways?: readonly Ip[];
  /** How long others on the wire are asked whether they have its addresses, before it takes them. Absent: nobody is. */
  readonly probeMs?: number;
}
