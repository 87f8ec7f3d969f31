/** Blocks that nobody needs are given back. */
import { contains, type Prefix, prefixFamily } from "../addr/prefix.ts";
import { blockKeys, draftRelease } from "./draft-block.ts";
import { poolFamilies } from "./pool.ts";
import { type Fill, fills, isScarce, totals } from "./room.ts";
import type { Work } from "./settle.ts";
import type { View } from "./view.ts";

/** Between the two times that a block must be found empty. */
const emptyForMs = 60_000;

/** @returns those that were released, or lost before and are empty now */
export async function releaseEmpty(
  work: Pick<Work, "etcd" | "pool" | "uid" | "store" | "now">,
  view: View,
  retire: (block: Prefix) => void,
): Promise<readonly Prefix[]> {
  const { etcd, pool, uid } = work;
  forgetLost(work, retire);
  const released: Prefix[] = [];
  for (const fill of noteEmpty(work, view)) {
    const { prefix, revision } = fill.row;
    if (!takeOut(work, fill)) continue;
    try {
      retire(prefix);
    } catch (error) {
      work.store.blocks.put(fill.row);
      throw error;
    }
    // Whatever comes of it: the next round takes it over again where it is still this host's.
    const { compares, writes } = draftRelease(
      blockKeys(pool.access.prefix, pool.network, uid, prefix),
      revision,
    );
    if ((await etcd.txn(compares, writes)).succeeded) released.push(prefix);
  }
  return released;
}

/** Notes which are empty. @returns those that may go, the youngest first: one of each family stays, and room ahead of need */
function noteEmpty({ store, pool, now }: Pick<Work, "store" | "pool" | "now">, view: View): readonly Fill[] {
  return store.transaction(() =>
    poolFamilies(pool).flatMap((family) => {
      const all = fills(store, pool, family);
      const due: Fill[] = [];
      for (const { row, leases } of all) {
        const { emptyMs, ...rest } = row;
        if (leases.length > 0 && emptyMs !== undefined) store.blocks.put(rest);
        if (leases.length === 0 && emptyMs === undefined) store.blocks.put({ ...row, emptyMs: now() });
      }
      const empty = all.filter(({ leases }) => leases.length === 0);
      const ripe = empty.filter(
        ({ row }) =>
          row.emptyMs !== undefined &&
          now() - row.emptyMs >= emptyForMs &&
          view.blocks.get(row.prefix)?.record.reserved !== true,
      );
      let { size, free } = totals(all);
      let spare = empty.length;
      for (const fill of ripe.toReversed()) {
        if (spare === 1 || isScarce(free - fill.size, size - fill.size)) break;
        due.push(fill);
        spare--;
        size -= fill.size;
        free -= fill.size;
      }
      return due;
    }),
  );
}

/** From then on no ADD gives anything out of it. @returns false when one did meanwhile */
function takeOut({ store, pool }: Pick<Work, "store" | "pool">, { row }: Fill): boolean {
  return store.transaction(() => {
    const now = fills(store, pool, prefixFamily(row.prefix)).find((fill) => fill.row.prefix === row.prefix);
    if (now === undefined || now.leases.length > 0 || now.row.revision !== row.revision) return false;
    store.blocks.remove(pool.network, row.prefix);
    return true;
  });
}

/** Lost blocks stay known until their last container is gone. */
function forgetLost({ store, pool }: Pick<Work, "store" | "pool">, retire: (block: Prefix) => void): void {
  for (const { prefix, lostMs } of store.blocks.list(pool.network)) {
    const isUsed = (): boolean =>
      store.leases
        .list(pool.network)
        .some(({ address, bootId }) => bootId === store.bootId && contains(prefix, address));
    if (lostMs === undefined || isUsed()) continue;
    retire(prefix);
    store.blocks.remove(pool.network, prefix);
  }
}
