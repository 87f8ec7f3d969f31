/** The ports of a switch in rows, each row below a bar, all bars on a spine: seen to be one switch. */
import type { Cell } from "./cell.ts";
import { lane } from "./cell.ts";
import { path, type Shape } from "./shape.ts";

export interface Row {
  readonly cells: readonly Cell[];
  /** From the top of the grid: where the bar is, where the stations begin, where all ends. */
  readonly bar: number;
  readonly stations: number;
  readonly end: number;
}

export interface Grid {
  readonly rows: readonly Row[];
  /** Of each cell. */
  readonly cell: number;
  readonly width: number;
  readonly height: number;
}

/** However narrow the picture, rows are at least so long. */
const fewest = 5;
const gaps = { columns: 16, rows: 24, underPort: 18, aboveBar: 8 } as const;
export const barHeight = 8;

/**
 * @param width of each cell
 * @param room across, for as many columns as fit
 */
export function gridOf(cells: readonly Cell[], width: number, room: number): Grid {
  const columns = columnsFor(cells.length, Math.floor((room + gaps.columns) / (width + gaps.columns)));
  const rows: Row[] = [];
  for (let at = 0; at < cells.length; at += columns) {
    rows.push(rowOf(cells.slice(at, at + columns), (rows.at(-1)?.end ?? -gaps.rows) + gaps.rows));
  }
  const across = Math.max(0, ...rows.map((row) => row.cells.length));
  return {
    rows,
    cell: width,
    width: Math.max(0, across * (width + gaps.columns) - gaps.columns),
    height: rows.at(-1)?.end ?? 0,
  };
}

/** What the cells take together, in square pixels. */
export function areaOf(cells: readonly Cell[], width: number): number {
  if (cells.length === 0) return 0;
  return cells.length * (width + gaps.columns) * (rowOf(cells, 0).end + gaps.rows);
}

/** So that the rows are about equally long. */
function columnsFor(count: number, fitting: number): number {
  const rows = Math.ceil(count / Math.max(fewest, fitting));
  return rows === 0 ? 1 : Math.ceil(count / rows);
}

function rowOf(cells: readonly Cell[], top: number): Row {
  const tallest = (of: (cell: Cell) => number): number => Math.max(...cells.map(of));
  const entrances = tallest((cell) => cell.entrances?.height ?? 0);
  const bar = top + (entrances === 0 ? 12 : entrances + gaps.aboveBar);
  const stations = bar + barHeight + tallest((cell) => cell.port?.height ?? 0) + gaps.underPort;
  return { cells, bar, stations, end: stations + tallest((cell) => cell.station.height) };
}

/** @param card right side of the card on which the first bar begins */
export function drawGrid({ rows, cell }: Grid, card: number, x: number, y: number): readonly Shape[] {
  const middle = (card + x - barHeight) / 2;
  const bars = rows.map((row, i): Shape => {
    const from = i === 0 ? card : middle;
    const to = x + row.cells.length * (cell + gaps.columns) - gaps.columns;
    return { kind: "rect", x: from, y: y + row.bar, width: to - from, height: barHeight, look: "bar" };
  });
  const [first, last] = [rows[0]?.bar ?? 0, rows.at(-1)?.bar ?? 0];
  const height = last - first + barHeight;
  const spine: Shape = { kind: "rect", x: middle, y: y + first, width: barHeight, height, look: "bar" };
  return [
    ...(rows.length > 1 ? [spine] : []),
    ...bars,
    ...rows.flatMap((row) =>
      row.cells.flatMap((one, i) => drawCell(one, row, x + i * (cell + gaps.columns), y, cell)),
    ),
  ];
}

function drawCell(cell: Cell, row: Row, x: number, y: number, width: number): readonly Shape[] {
  const { port, station } = cell;
  const top = y + row.bar + barHeight;
  const middle = x + (width - lane) / 2;
  const cable = path([middle, top + (port?.height ?? 0)], [middle, y + row.stations]);
  return [
    { kind: "line", path: cable, look: "cable" },
    ...(port?.draw(x, top) ?? []),
    ...station.draw(x, y + row.stations),
    ...drawEntrances(cell, row, x, y, width),
  ];
}

function drawEntrances({ entrances }: Cell, row: Row, x: number, y: number, width: number): readonly Shape[] {
  if (entrances === undefined) return [];
  const bottom = y + row.bar - gaps.aboveBar;
  const passing = x + width - lane / 2;
  const arrow = path([passing, bottom], [passing, y + row.stations - 1]);
  return [
    ...entrances.draw(x, bottom - entrances.height, width),
    { kind: "line", path: arrow, look: "publishes", arrow: true },
  ];
}
