/** Keeping up a host's blocks of one network: for who stays, as the agent does. */
import type { Prefix } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { unchanged } from "../etcd/conditions.ts";
import type { Etcd } from "../etcd/etcd.ts";
import type { Store } from "../state/store.ts";
import { claimFree } from "./claim.ts";
import { exclusively } from "./claim-lock.ts";
import { recallAddresses, releaseAddresses } from "./fixed-address.ts";
import { type Pool, poolFamilies } from "./pool.ts";
import { releaseEmpty } from "./release-empty.ts";
import { repeated } from "./repeated.ts";
import { fills, isScarce, totals } from "./room.ts";
import { type Beside, type LostBlock, settle, type Work } from "./settle.ts";
import type { View } from "./view.ts";

export interface Tending {
  readonly store: Store;
  readonly pool: Pool;
  /** This host's, `localUid(dataDir)`. It has published its record in this boot. */
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

/** Claims of other processes take some milliseconds, unless the directory does not answer them. */
const patienceMs = 10_000;

/**
 * One round, to be called every minute or so. In this order: verifies that every block of the state file is this host's;
 * takes over what the directory has as this host's and the state file does not know; gives fixed addresses back whose
 * container is gone; releases blocks that were empty at two rounds at least 60 s apart, all but one of a family; claims a
 * block ahead where less than a quarter of the addresses, or fewer than 8, are free.
 *
 * @throws {EtcdError} the state file is right as far as it has come
 * @throws {CniError} 102 when the network has no free block, 11 when another process claims for too long, or the host's
 *   record is gone or another's
 */
export function tendBlocks(etcd: Etcd, tending: Tending): Promise<Tended> {
  return exclusively(tending.store.dataDir, patienceMs, () => tend(etcd, tending));
}

/** Without the lock: for who is alone. */
export async function tend(etcd: Etcd, { store, pool, uid, now, retire }: Tending): Promise<Tended> {
  const work: Work = { etcd, store, pool, uid, now, beside: async (view) => asTheyAre(view, work) };
  const { view, lost } = await settle(work, { all: false });
  await recallAddresses(work);
  await releaseAddresses(work);
  const released = await releaseEmpty(work, view, retire);
  const claimed: Prefix[] = [];
  for (const family of poolFamilies(pool)) {
    await repeated(`network ${pool.network}`, async () => {
      const { size, free } = totals(fills(store, pool, family));
      if (!isScarce(free, size)) return true;
      const block = await claimFree(work, await settle(work, { all: true }), family);
      if (block === undefined) return undefined;
      claimed.push(block.prefix);
      return true;
    });
  }
  return { claimed, released, lost };
}

/** A host made from this one's disk has its uid, but not its blocks: it is of another boot. */
function asTheyAre({ node, network }: View, { uid, store }: Pick<Work, "uid" | "store">): Beside {
  if (node?.record.bootId === store.bootId) {
    const compares = [unchanged(node), ...(network === undefined ? [] : [unchanged(network)])];
    return { compares, writes: [], epoch: node.record.epoch };
  }
  const whom = node === undefined ? "" : `: it has ${node.record.name} of another boot under this uid`;
  throw new CniError(errorCode.tryAgainLater, `the directory does not know this host (${uid})${whom}`, {
    reason: "node-unpublished",
    details:
      "its record was removed, or never written in this boot: it is published before blocks are tended",
  });
}
