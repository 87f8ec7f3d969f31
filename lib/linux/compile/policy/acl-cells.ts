/** Cutting and joining of boxes, as many as there are. Pure. */
import { type Cell, type Dimension, dimensions, holds, lastIn, meets } from "./acl-cell.ts";
import { type CellIndex, cellIndex, meeting } from "./acl-index.ts";

type Open = [number, number, number, number, number, number, number, number];

export interface Placed {
  readonly cell: Cell;
  readonly wanted: boolean;
}

/**
 * Of each wanted cell what lies in none that comes before it.
 *
 * @param most so many are taken. @returns undefined when there are more
 */
export function firstCells(cells: readonly Placed[], most: number): readonly Cell[] | undefined {
  const index = cellIndex(cells.map(({ cell }) => cell));
  const first: Cell[] = [];
  for (const [i, { cell, wanted }] of cells.entries()) {
    if (!wanted) continue;
    for (const piece of without(cell, meeting(index, cell, i), index, most)) first.push(piece);
    if (first.length > most) return undefined;
  }
  return first;
}

/** @param takers in the order in which they begin along the index, so that pieces which lie behind are done with */
function without(cell: Cell, takers: readonly Cell[], { along }: CellIndex, most: number): readonly Cell[] {
  if (takers.some((taker) => holds(taker, cell))) return [];
  const done: Cell[] = [];
  let open: Cell[] = [cell];
  for (const taker of takers) {
    const still: Cell[] = [];
    for (const piece of open) {
      if (lastIn(piece, along) < taker[along]) done.push(piece);
      else if (meets(piece, taker)) cut(piece, taker, still);
      else still.push(piece);
    }
    open = still;
    if (open.length === 0 || done.length + open.length > most) break;
  }
  return [...done, ...open];
}

/**
 * What of a cell is outside of another that meets it: at most two pieces for each dimension.
 *
 * By protocol first: a piece that is about several protocols then never says anything about ports, which not all of
 * them have.
 */
function cut(cell: Cell, taken: Cell, pieces: Cell[]): void {
  const rest: Open = [...cell];
  for (const first of dimensions) {
    const last = (first + 1) as 1;
    if (rest[first] < taken[first]) {
      const before: Open = [...rest];
      before[last] = taken[first] - 1;
      pieces.push(before);
      rest[first] = taken[first];
    }
    if (rest[last] > taken[last]) {
      const behind: Open = [...rest];
      behind[first] = taken[last] + 1;
      pieces.push(behind);
      rest[last] = taken[last];
    }
  }
}

/** Not by protocol, for the same reason. */
const joining: readonly Dimension[] = [6, 4, 2];

/** The same in fewer cells: those that touch and differ in one dimension alone are one. */
export function joined(cells: readonly Cell[]): readonly Cell[] {
  return joining.reduce(joinedAlong, cells);
}

function joinedAlong(cells: readonly Cell[], along: Dimension): readonly Cell[] {
  const last = (along + 1) as 1;
  const rows = new Map<string, Open[]>();
  for (const cell of cells.toSorted((a, b) => a[along] - b[along])) {
    const others = cell.toSpliced(along, 2).join();
    const row = rows.get(others);
    const open = row?.at(-1);
    if (open !== undefined && open[last] + 1 === cell[along]) open[last] = cell[last];
    else if (row) row.push([...cell]);
    else rows.set(others, [[...cell]]);
  }
  return [...rows.values()].flat();
}
