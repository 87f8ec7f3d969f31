/**
 * What the directory's values say: JSON objects with `"v": 1`. What a later release added to one stands in `other`, and is
 * written back with it (`formatRecord`).
 */
import type { Family, Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { JsonObject } from "../cni/read.ts";
import type { OverlayMode } from "../model/switch.ts";

interface Record1 {
  readonly v: 1;
  /** Fields that this release does not know. */
  readonly other?: JsonObject;
}

/** `networks/NETWORK`, written by an administrator, or by the first host that has the network. */
export interface NetworkRecord extends Record1 {
  /** Absent: its addresses are dealt out here, but it is no overlay network. */
  readonly vni?: number;
  readonly mode: OverlayMode;
  /** None overlaps another; at least one. */
  readonly cidrs: readonly Prefix[];
  /** Length of the prefixes of blocks, by family. */
  readonly blockBits: Readonly<Record<Family, number>>;
  readonly udpPort: number;
  /** Of the gateway on all hosts. */
  readonly gatewayMac?: Mac;
}

/** `vnis/VNI`: it keeps two networks from having one VNI. */
export interface VniRecord extends Record1 {
  readonly network: string;
}

/** `nodes/UID`, written by the node itself. It has no lease: a host that is down keeps what it has. */
export interface NodeRecord extends Record1 {
  readonly uid: string;
  /** For people; two nodes may share it. */
  readonly name: string;
  /** Raised by an administrator who takes a node's blocks away. */
  readonly epoch: number;
  /** Its one address on the underlay, for all networks; absent, as are the two below, where it is in no overlay network. */
  readonly vtep?: Ip;
  readonly mac?: Mac;
  /** Longest packet of a container that it takes in one piece, in bytes. */
  readonly mtu?: number;
  readonly udpPort: number;
  readonly bootId?: string;
  readonly wgPublicKey?: string;
  /** "linux", "windows". */
  readonly platform: string;
  readonly features?: readonly string[];
}

/** `alive/UID`, under a lease: the node's agent runs. Nothing is withdrawn when it is gone. */
export interface AliveRecord extends Record1 {
  readonly bootId: string;
  /** Version of the agent. */
  readonly agent?: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/** `blocks/NETWORK/CIDR`: whose these addresses are. */
export interface BlockRecord extends Record1 {
  /** The node's uid. Absent in a reserved block alone: then each of its addresses is somebody's by `ips/NETWORK/IP`. */
  readonly owner?: string;
  /** The owner's when it claimed the block. */
  readonly epoch: number;
  /** By an administrator's word: it stays its owner's while it is empty, and when the owner is gone. */
  readonly reserved?: boolean;
}

/** `owned/UID/NETWORK/CIDR`: the block by its owner, written in one transaction with it. */
export type OwnedRecord = Record1;

/** `endpoints/NETWORK/UID/CONTAINER.IFNAME`. */
export interface EndpointRecord extends Record1 {
  readonly ips: readonly Ip[];
  readonly mac: Mac;
}

/** `ips/NETWORK/IP`: an address that somebody asked for by name. */
export interface IpRecord extends Record1 {
  /** The node's uid. */
  readonly node: string;
  readonly container: string;
  readonly ifname: string;
}

/** The value to write. */
export function formatRecord(record: Record1): string {
  const { other, ...known } = record;
  return JSON.stringify({ ...known, ...other, ...known });
}
