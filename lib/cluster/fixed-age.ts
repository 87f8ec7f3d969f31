/** Whether an address that was claimed by its key may be used. Pure. */
import type { FixedRow } from "../state/fixed.ts";
import type { Lease } from "../state/rows.ts";

/**
 * How long a claim without a lease is taken for one of an ADD at work, in milliseconds: between claiming and leasing it is
 * begun anew.
 */
const atWorkMs = 60_000;

export const isAtWork = (claimedMs: number, nowMs: number): boolean =>
  claimedMs <= nowMs && nowMs - claimedMs < atWorkMs;

/** By this container, and nobody is giving it back: it is leased since in this boot, or was claimed just now. */
export function isClaimed(
  row: FixedRow | undefined,
  lease: Lease | undefined,
  { key, bootId, nowMs }: { readonly key: string; readonly bootId: string; readonly nowMs: number },
): boolean {
  if (row?.key !== key) return false;
  return isAtWork(row.claimedMs, nowMs) || (lease?.key === key && lease.bootId === bootId);
}
