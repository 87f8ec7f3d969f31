/**
 * Whether this host may still take its blocks for its own. While it was down or cut off, an administrator may have given them
 * away; so they are verified after a reboot, and when nobody has for a while (an agent does so every minute). A directory that
 * does not answer stops no ADD.
 */
import type { Pool } from "../../../lib/cluster/pool.ts";
import type { Store } from "../../../lib/state/store.ts";
import { LackingError } from "./lacking.ts";

const checkedForMs = 15 * 60_000;
/** Between two tries. */
const patienceMs = 15_000;

/** @throws {LackingError} when it is time to ask */
export function requireChecked(store: Store, pool: Pool, timeoutMs: number, nowMs: number): void {
  const row = store.pools.get(pool.network);
  const isRecent = (ms: number, forMs: number): boolean => ms <= nowMs && nowMs - ms < forMs;
  // What was said or tried before a reboot counts for nothing.
  if (row?.bootId === store.bootId) {
    if (isRecent(row.checkedMs, checkedForMs) || isRecent(row.triedMs, patienceMs)) return;
  }
  if (store.blocks.list(pool.network).every(({ lostMs }) => lostMs !== undefined)) return;
  throw new LackingError({ pool, timeoutMs, families: [] });
}
