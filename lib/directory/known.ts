/** What is known to say who the peers of a host are: of the directory, and of the host itself. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { OverlaySwitch } from "../model/switch.ts";
import type { DirectoryTables } from "./directory.ts";
import type { NodeRecord } from "./records.ts";
import type { Entry } from "./state.ts";

/** Of a node, what others reach it by. */
export interface Host extends AnyNode {
  readonly vtep: Ip;
  readonly mac: Mac;
}

/** One that is in no overlay network has no address on the underlay. */
export type AnyNode = Pick<NodeRecord, "uid" | "name" | "epoch" | "udpPort" | "vtep" | "mac" | "mtu">;

/** Of the directory, as far as peers follow from it. */
export interface Known extends Pick<DirectoryTables, "networks" | "vnis" | "blocks" | "endpoints" | "ips"> {
  readonly nodes: ReadonlyMap<string, Entry<AnyNode>>;
}

/** This host. */
export interface LocalNode {
  readonly uid: string;
  readonly name: string;
  readonly vtep: Ip;
  readonly mac: Mac;
  /**
   * Networks that its interfaces are in, those of overlay networks left out: no tunnel takes them away. What a peer has of
   * them is not routed.
   */
  readonly connected: readonly Prefix[];
}

/** An overlay network of this host. */
export interface LocalNetwork
  extends Pick<OverlaySwitch, "network" | "vni" | "mode" | "cidrs" | "gateways" | "mac"> {
  readonly udpPort: number;
  /** What it gives addresses out of, beside the blocks that the directory says are its own. */
  readonly blocks: readonly Prefix[];
}
