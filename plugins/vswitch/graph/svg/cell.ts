/** A cell: one port of a switch with what hangs on it, and the ports of the host that lead there. */
import type { GraphMark, GraphNode } from "../graph.ts";
import { type Block, flow, framed, stack, textBlock } from "./block.ts";
import { entranceBlocks } from "./entrances.ts";
import type { Lookup } from "./lookup.ts";
import { markBlock } from "./marks.ts";
import { hostAdapterBlock, noHostBlock, remoteHostBlock, stationBlock } from "./station.ts";
import { fonts, shorten } from "./text-width.ts";

/** How much is said of each. */
export interface Density {
  readonly detail: boolean;
  /** Entrances that are drawn, the last of which says how many more there are. */
  readonly entrances: number;
  /** Marks that all ports of the switch bear, and that are not said of each. */
  readonly common: readonly GraphMark[];
}

export interface Cell {
  readonly entrances: Block | undefined;
  /** Absent where the adapter itself is on the switch. */
  readonly port: Block | undefined;
  readonly station: Block;
  /** It is a container's, not the host's. */
  readonly counts: boolean;
}

/** What a cell is made of, before its width is known. */
export interface CellParts {
  readonly port: GraphNode | undefined;
  readonly entrances: readonly Block[];
  readonly name: readonly Block[];
  readonly marks: readonly Block[];
  readonly station: Block;
  readonly counts: boolean;
}

/** Beside a port, where the arrows from the host's ports pass. */
export const lane = 22;
const narrowest = 96;
const padding = 6;

export function cellParts(port: GraphNode, lookup: Lookup, density: Density): CellParts {
  const [cable] = lookup.from(port.id, "cable");
  const adapter = cable === undefined ? undefined : lookup.adapterAt(cable.to);
  const marks = port.marks.filter((mark) => !density.common.some((other) => other.text === mark.text));
  return {
    port,
    entrances: adapter === undefined ? [] : entranceBlocks(adapter, lookup, density.entrances),
    name: density.detail ? [textBlock(shorten(port.name, 24), fonts.small)] : [],
    marks: marks.map(markBlock),
    station: stationBlock(adapter, lookup, density.detail),
    counts: true,
  };
}

/** An adapter that is on the switch itself: of a container, or the host's own. */
export function hangingParts(adapter: GraphNode, lookup: Lookup, density: Density): CellParts {
  const counts = adapter.kind === "vnic";
  return {
    port: undefined,
    entrances: [],
    name: [],
    marks: [],
    station: counts ? stationBlock(adapter, lookup, density.detail) : hostAdapterBlock(adapter),
    counts,
  };
}

/** The tunnel of an overlay network, and the other hosts below it. */
export function tunnelParts(tunnel: GraphNode, lookup: Lookup): CellParts {
  const hosts = lookup.from(tunnel.id, "tunnels").flatMap(({ to }) => lookup.node(to) ?? []);
  const lines = tunnel.lines.filter(({ detail }) => detail !== true);
  return {
    port: tunnel,
    entrances: [],
    name: [
      textBlock(shorten(tunnel.name, 24), fonts.small),
      ...lines.map(({ text }) => textBlock(shorten(text, 40), fonts.small, "muted")),
    ],
    marks: tunnel.marks.map(markBlock),
    station: hosts.length === 0 ? noHostBlock() : stack(hosts.map(remoteHostBlock), 6),
    counts: false,
  };
}

/** The least width that holds all of these. */
export function widthOf(all: readonly CellParts[]): number {
  const inPort = 2 * padding + lane;
  const widths = all.flatMap(({ entrances, name, marks, station }) => [
    ...entrances.map((block) => block.width),
    ...[...name, ...marks].map((block) => block.width + inPort),
    station.width,
  ]);
  return Math.max(narrowest, ...widths);
}

export function cellOf(parts: CellParts, width: number): Cell {
  const { entrances, station, counts } = parts;
  return {
    counts,
    entrances: entrances.length === 0 ? undefined : stack(entrances, 3),
    port: portBlock(parts, width),
    station: { ...station, width, draw: (x, y) => station.draw(x, y, width) },
  };
}

function portBlock({ port, name, marks }: CellParts, width: number): Block | undefined {
  if (port === undefined) return undefined;
  const inner = [...name, ...(marks.length > 0 ? [flow(marks, width - lane - 2 * padding, 3)] : [])];
  const about = [...port.lines, ...port.marks].map((one) =>
    "explanation" in one ? one.explanation : one.text,
  );
  return framed(stack(inner, 2), {
    look: "port",
    padding: [3, padding],
    minWidth: width - lane,
    tip: [port.name, ...about].join("\n"),
  });
}
