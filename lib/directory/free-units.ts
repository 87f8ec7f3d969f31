/** What is free of a range of numbers when some are taken: counted, and found by its rank, however many there are. */

/** First and last, both included. */
export type Range = readonly [bigint, bigint];

export interface FreeUnits {
  readonly count: bigint;
  /** @param rank from 0 to `count - 1` */
  at(rank: bigint): bigint;
}

/** @param ranges and @param taken may overlap, and be in any order */
export function freeUnits(ranges: readonly Range[], taken: readonly Range[]): FreeUnits {
  const free = subtract(merge(ranges), merge(taken));
  /** How many are free before each of them. */
  const before: bigint[] = [];
  let count = 0n;
  for (const [first, last] of free) {
    before.push(count);
    count += last - first + 1n;
  }
  return {
    count,
    at: (rank) => {
      let [low, high] = [0, before.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((before[middle] ?? 0n) <= rank) low = middle;
        else high = middle - 1;
      }
      return (free[low]?.[0] ?? 0n) + rank - (before[low] ?? 0n);
    },
  };
}

/** In order, and apart. */
function merge(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  const real = ranges.filter(([first, last]) => first <= last);
  for (const [first, last] of real.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    const before = merged[merged.length - 1];
    if (before === undefined || first > before[1] + 1n) merged.push([first, last]);
    else if (last > before[1]) merged[merged.length - 1] = [before[0], last];
  }
  return merged;
}

/** Both in order, and apart. */
function subtract(ranges: readonly Range[], taken: readonly Range[]): readonly Range[] {
  const free: Range[] = [];
  let i = 0;
  for (const [first, last] of ranges) {
    let from = first;
    while (i < taken.length && (taken[i]?.[1] ?? 0n) < first) i++;
    // One that reaches beyond this range may reach into the next, so it is looked at again.
    for (let at = taken[i]; at !== undefined && at[0] <= last; at = taken[++i]) {
      if (at[0] > from) free.push([from, at[0] - 1n]);
      from = at[1] + 1n;
      if (at[1] > last) break;
    }
    if (from <= last) free.push([from, last]);
  }
  return free;
}
