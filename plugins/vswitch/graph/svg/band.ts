/** A band: a switch as a card, and to its right a bar on which its ports are, in rows. */
import type { GraphMark, GraphNode } from "../graph.ts";
import { type Block, framed, stack, textBlock } from "./block.ts";
import { cellOf, cellParts, type Density, widthOf } from "./cell.ts";
import type { Lookup } from "./lookup.ts";
import { markBlock } from "./marks.ts";
import { barHeight, drawGrid, gridOf } from "./rows.ts";
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

export function bandOf(node: GraphNode, lookup: Lookup): Band {
  const ports = lookup.partsOf(node.id, "port");
  const density = densityFor(ports);
  const parts = ports.map((port) => cellParts(port, lookup, density));
  const width = widthOf(parts);
  const grid = gridOf(
    parts.map((one) => cellOf(one, width)),
    width,
  );
  const least = ports.length === 0 ? 0 : (grid.rows[0]?.bar ?? 0) + barHeight + underBar;
  const card = cardOf(node, ports.length, density.common, least);
  return {
    id: node.id,
    width: card.width + (ports.length === 0 ? 0 : gap + grid.width),
    height: Math.max(card.height, grid.height),
    draw: (x, y) => [...drawGrid(grid, x + card.width, x + card.width + gap, y), ...card.draw(x, y)],
  };
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
