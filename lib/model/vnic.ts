/** The adapter of an attachment, as the compartment sees it. */
import type { Family, Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";

/**
 * `hostVnic`: adapter of a process-isolated container, whose compartment has its addresses (veth pair on Linux).
 * `vmNic`: synthetic NIC of a VM-isolated container, whose addresses the guest alone has (tap on Linux).
 */
export const vnicTypes = ["hostVnic", "vmNic"] as const;
export type VnicType = (typeof vnicTypes)[number];

/**
 * Where the tap of a vmNic is: in the compartment, in which the virtual machine monitor (VMM) runs; or on the host, as
 * the port of the switch itself.
 */
export const tapPlaces = ["compartment", "switch"] as const;
export type TapPlace = (typeof tapPlaces)[number];

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

interface CommonVnic {
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

export interface HostVnic extends CommonVnic {
  readonly type: "hostVnic";
}

/** What a VMM opens as the other end of a guest's NIC. */
export interface Tap {
  readonly attach: TapPlace;
  readonly name: string;
  /** User that may open it; absent: root alone, or the group. */
  readonly owner?: number;
  readonly group?: number;
  /** It has a queue for each time it is opened; whoever opens it must say so, too. */
  readonly multiQueue: boolean;
  /** Frames bear a header for segmentation and checksum offload (struct virtio_net_hdr), until a VMM says otherwise. */
  readonly vnetHeader: boolean;
}

/** Name servers and search list, which nobody but the guest itself can set up. */
export interface GuestDns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** MAC, addresses and routes are the guest's, and nobody else on the host has them. */
export interface VmNic extends CommonVnic {
  readonly type: "vmNic";
  readonly tap: Tap;
  readonly dns: GuestDns;
}

export type Vnic = HostVnic | VmNic;
