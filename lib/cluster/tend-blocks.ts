/** Keeping up a host's blocks of one network: for who stays, as the agent does. */
import type { Prefix } from "../addr/prefix.ts";
import type { Etcd } from "../etcd/etcd.ts";
import type { Owner } from "../model/owner.ts";
import type { Store } from "../state/store.ts";
import type { Pool } from "./pool.ts";

export interface Tending {
  readonly store: Store;
  readonly pool: Pool;
  /** This host's, `localUid(dataDir)`. It has published its record. */
  readonly uid: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Called for a block without containers that is no longer this host's, after the state file says so and before others may
   * have it: what the kernel has of it (its gateway) must go. When it throws, the block is kept.
   */
  readonly retire: (block: Prefix) => void;
}

export interface Tended {
  readonly claimed: readonly Prefix[];
  readonly released: readonly Prefix[];
  /** In the state file, but not this host's in the directory (any more): nothing more is given out of them. */
  readonly lost: readonly LostBlock[];
}

export interface LostBlock {
  readonly block: Prefix;
  /** Name or uid of whose it is now; absent: nobody's. */
  readonly owner?: string;
  /** This host's containers that have addresses of it: they must be restarted. */
  readonly containers: readonly Owner[];
}

/**
 * One round, to be called every minute or so (never two at once on one host: it holds the claim lock). In this order:
 * verifies that every block of the state file is this host's; takes over what the directory has as this host's and the state
 * file does not know; gives fixed addresses back whose container is gone; claims a block ahead where less than a quarter of
 * the addresses, or fewer than 8, are free; releases blocks that were empty at two rounds at least 60 s apart, all but one.
 *
 * @throws {EtcdError} the state file is right as far as it has come
 * @throws {CniError} 102 when the network has no free block, 11 when another process claims for too long
 */
export async function tendBlocks(etcd: Etcd, tending: Tending): Promise<Tended> {
  throw new Error(`not built yet: ${etcd.endpoint} ${tending.uid}`);
}
