/** Revisions of a store: decimal text as etcd's gateway writes it, since they may go beyond 2^53. */

/** An int64 without leading zeros. "0" is before all. */
export type Revision = string;

/** Negative, 0 or positive, as for `sort`: more digits are more. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
