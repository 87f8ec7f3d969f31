/** Arithmetic on int64 as text. */
import type { Int64 } from "./etcd.ts";

/** Negative, 0 or positive, as for `sort`. */
export function compareRevisions(a: Int64, b: Int64): number {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function nextRevision(revision: Int64): Int64 {
  return String(BigInt(revision) + 1n);
}

export function laterRevision(a: Int64, b: Int64): Int64 {
  return compareRevisions(a, b) < 0 ? b : a;
}
