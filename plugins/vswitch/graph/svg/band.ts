/** A band: a switch as a card, and to its right a bar on which its ports are, in rows. */
import type { GraphMark, GraphNode } from "../graph.ts";
import { type Block, framed, stack, textBlock } from "./block.ts";
import { type Cell, cellOf, cellParts, type Density, hangingParts, tunnelParts, widthOf } from "./cell.ts";
import type { Lookup } from "./lookup.ts";
import { markBlock } from "./marks.ts";
import { areaOf, barHeight, drawGrid, gridOf } from "./rows.ts";
import { cells as cellsOf, fonts, shorten, wrap } from "./text-width.ts";

export interface Band extends Block {
  readonly id: string;
}

/** From here on less is said of each container. */
const many = 24;
const gap = 22;
const underBar = 12;
/** Characters on a line of a card, so that all cards are equally wide; longer words make it wider. */
const lineLength = 34;

/** What is on a switch, before it is known how wide the picture will be. */
export interface Loose {
  readonly node: GraphNode;
  readonly cells: readonly Cell[];
  /** Of each cell. */
  readonly width: number;
  readonly common: readonly GraphMark[];
}

export function looseBand(node: GraphNode, lookup: Lookup): Loose {
  const ports = lookup.partsOf(node.id, "port");
  const density = densityFor(ports);
  const hanging = lookup.from(node.id, "plugged").flatMap(({ to }) => lookup.adapterAt(to) ?? []);
  const sparing = hanging.length > many ? { ...density, detail: false } : density;
  const parts = [
    ...lookup.partsOf(node.id, "tunnel").map((tunnel) => tunnelParts(tunnel, lookup)),
    ...ports.map((port) => cellParts(port, lookup, density)),
    ...hanging.map((adapter) => hangingParts(adapter, lookup, sparing)),
  ];
  const width = widthOf(parts);
  return { node, width, common: density.common, cells: parts.map((one) => cellOf(one, width)) };
}

/** @param room across, for the ports */
export function bandOf({ node, cells, width, common }: Loose, room: number): Band {
  const grid = gridOf(cells, width, room);
  const [first] = grid.rows;
  const counted = cells.filter(({ counts }) => counts).length;
  const card = cardOf(node, counted, common, first === undefined ? 0 : first.bar + barHeight + underBar);
  return {
    id: node.id,
    width: card.width + (first === undefined ? 0 : gap + grid.width),
    height: Math.max(card.height, grid.height),
    draw: (x, y) => [...drawGrid(grid, x + card.width, x + card.width + gap, y), ...card.draw(x, y)],
  };
}

/** Width to height that one likes to look at. */
const proportion = 1.4;

/** Room across for the ports of all bands, so that the whole picture has a good shape. */
export function roomFor(bands: readonly Loose[]): number {
  const area = bands.reduce((sum, { cells, width }) => sum + areaOf(cells, width), 0);
  return Math.sqrt(area * proportion);
}

function densityFor(ports: readonly GraphNode[]): Density {
  const [first] = ports;
  if (first === undefined || ports.length <= many) return { detail: true, entrances: 4, common: [] };
  const common = first.marks.filter(({ text }) =>
    ports.every((port) => port.marks.some((mark) => mark.text === text)),
  );
  return { detail: false, entrances: 2, common };
}

/** @param least height, since the bar may be low, below a tower of host ports */
function cardOf(node: GraphNode, ports: number, common: readonly GraphMark[], least: number): Block {
  const counted = `${ports === 0 ? "no" : ports} container${ports === 1 ? "" : "s"}`;
  const texts = [...node.lines.map(({ text }) => text), counted];
  const limit = Math.min(46, Math.max(lineLength, ...texts.flatMap((text) => text.split(" ").map(cellsOf))));
  const blocks = [
    textBlock(shorten(node.name, 24), fonts.title),
    ...texts.flatMap((text) => wrap(text, limit)).map((text) => textBlock(text, fonts.plain)),
    ...(common.length === 0 ? [] : [textBlock("each of its ports bears:", fonts.plain)]),
    ...[...common, ...node.marks].map(markBlock),
  ];
  return framed(stack(blocks), {
    look: "switch",
    padding: [8, 12],
    minWidth: lineLength * 7 + 24,
    minHeight: least,
    tip: node.name,
    radius: 6,
  });
}
