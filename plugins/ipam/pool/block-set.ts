/** The blocks of this host as what an ADD chooses from. */
import type { Family } from "../../../lib/addr/ip.ts";
import { prefixFamily } from "../../../lib/addr/prefix.ts";
import { blockRange, type Pool } from "../../../lib/cluster/pool.ts";
import type { Store } from "../../../lib/state/store.ts";
import type { RangeSet } from "../config.ts";
import type { Range } from "../range.ts";

/** Oldest first: what is claimed later is given back sooner. */
export function blockSet(store: Store, pool: Pool, family: Family): RangeSet {
  const ranges = store.blocks.list(pool.network).flatMap(({ prefix, lostMs }): readonly Range[] => {
    const range =
      prefixFamily(prefix) === family && lostMs === undefined ? blockRange(pool, prefix) : undefined;
    return range === undefined ? [] : [{ ...range, reserved: [] }];
  });
  return { ranges, usable: ranges };
}
