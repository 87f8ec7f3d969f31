/** Finds among thousands of cells those that meet one, without a look at each. Pure. */
import { type Cell, type Dimension, dimensions, firstIn, lastIn, meets } from "./acl-cell.ts";

export interface CellIndex {
  /** The dimension in which the cells lie apart most: they are sorted by where they begin in it. */
  readonly along: Dimension;
  readonly sorted: readonly Numbered[];
  /** A tree over them: where the last of each part ends. Node n has the parts 2n and 2n + 1. */
  readonly ends: Float64Array;
}

interface Numbered {
  readonly cell: Cell;
  /** Its place among all, before they were sorted. */
  readonly number: number;
}

export function cellIndex(cells: readonly Cell[]): CellIndex {
  const starts = dimensions.map((d) => new Set(cells.map((cell) => cell[d])).size);
  const along = dimensions[starts.indexOf(Math.max(...starts))] ?? 0;
  const sorted = cells
    .map((cell, number) => ({ cell, number }))
    .sort((a, b) => firstIn(a.cell, along) - firstIn(b.cell, along));
  const leaves = 2 ** Math.ceil(Math.log2(Math.max(1, sorted.length)));
  const ends = new Float64Array(2 * leaves).fill(-1);
  for (const [i, { cell }] of sorted.entries()) ends[leaves + i] = lastIn(cell, along);
  for (let node = leaves - 1; node > 0; node--)
    ends[node] = Math.max(ends[2 * node] ?? -1, ends[2 * node + 1] ?? -1);
  return { along, sorted, ends };
}

/** Those with a number below `before` that meet the cell, in the order of the index. */
export function meeting({ along, sorted, ends }: CellIndex, cell: Cell, before: number): readonly Cell[] {
  const found: Cell[] = [];
  /** @param at number of the first leaf below the node. @param width how many there are */
  const visit = (node: number, at: number, width: number): void => {
    const next = sorted[at];
    if (next === undefined || firstIn(next.cell, along) > lastIn(cell, along)) return;
    if ((ends[node] ?? -1) < firstIn(cell, along)) return;
    if (width === 1) {
      if (next.number < before && meets(cell, next.cell)) found.push(next.cell);
      return;
    }
    visit(2 * node, at, width / 2);
    visit(2 * node + 1, at + width / 2, width / 2);
  };
  visit(1, 0, ends.length / 2);
  return found;
}
