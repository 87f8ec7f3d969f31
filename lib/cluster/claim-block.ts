/** Blocks of addresses: claimed, and given back. */
import type { Family, Ip } from "../addr/ip.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { Etcd, Int64 } from "../etcd/etcd.ts";
import type { Pool } from "./pool.ts";

export interface BlockClaim {
  readonly pool: Pool;
  readonly uid: string;
  readonly family: Family;
  /** Those of the state file: what else the directory has as this host's is taken over before a free one is claimed. */
  readonly known: readonly Prefix[];
  /** The block that holds it, and no other. */
  readonly address?: Ip;
}

export interface OwnedBlock {
  readonly prefix: Prefix;
  /** Of its record: while it is this one, the block is this host's. */
  readonly revision: Int64;
}

/**
 * The host's record and the network's must be there (`publishNode`, `ensureNetwork`).
 *
 * @throws {CniError} 102 `blocks-exhausted` with how many there are and who has most
 * @throws {EtcdError}
 */
export async function claimBlock(etcd: Etcd, claim: BlockClaim): Promise<OwnedBlock> {
  throw new Error(`not built yet: ${etcd.endpoint} ${claim.uid}`);
}

/** @returns false when it was not (any more) this host's as it knew it: nothing was changed */
export async function releaseBlock(etcd: Etcd, pool: Pool, uid: string, block: OwnedBlock): Promise<boolean> {
  throw new Error(`not built yet: ${etcd.endpoint} ${pool.network} ${uid} ${block.prefix}`);
}
