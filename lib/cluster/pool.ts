/** A network as far as its addresses go: where hosts agree on whose they are, and how they are dealt out. */
import type { Family } from "../addr/ip.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { EtcdAccess } from "../directory/config.ts";
import type { OverlayMode } from "../model/switch.ts";

/** What the configuration says of it. It is kept in the state file for who tends the blocks (`store.pools`). */
export interface Pool {
  readonly network: string;
  readonly access: EtcdAccess;
  /** Of the network on all hosts. */
  readonly cidrs: readonly Prefix[];
  /** Length of the prefixes of blocks, by family. */
  readonly blockBits: Readonly<Record<Family, number>>;
  /** `routed`: each block is a subnet with a gateway of its own; `stretched`: a block only bounds what a host gives out. */
  readonly mode: OverlayMode;
}
