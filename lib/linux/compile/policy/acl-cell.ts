/** A box as small numbers: thousands of them are cut and joined while a container waits. */

/** First and last, both included, in each dimension: protocol, remote address, local port, remote port. */
export type Cell = readonly [number, number, number, number, number, number, number, number];

/** Where the first of a dimension stands; the last stands behind it. */
export const dimensions = [0, 2, 4, 6] as const;
export type Dimension = (typeof dimensions)[number];

export const firstIn = (cell: Cell, along: Dimension): number => cell[along];
export const lastIn = (cell: Cell, along: Dimension): number => cell[(along + 1) as 1];

export function meets(a: Cell, b: Cell): boolean {
  return (
    a[2] <= b[3] &&
    b[2] <= a[3] &&
    a[4] <= b[5] &&
    b[4] <= a[5] &&
    a[6] <= b[7] &&
    b[6] <= a[7] &&
    a[0] <= b[1] &&
    b[0] <= a[1]
  );
}

export const holds = (outer: Cell, inner: Cell): boolean =>
  dimensions.every((d) => firstIn(outer, d) <= firstIn(inner, d) && lastIn(inner, d) <= lastIn(outer, d));
