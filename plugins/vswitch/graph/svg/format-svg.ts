/**
 * A graph as one self-contained SVG file: no script, no font, no link; light and dark as the viewer likes it.
 *
 * From top to bottom: the outside, the host's border with its interfaces, the host as router, and one band for each
 * switch. Containers stand in rows, so that a picture of hundreds is about as wide as it is high.
 */
import type { Graph } from "../graph.ts";
import { type Band, bandOf, looseBand, roomFor } from "./band.ts";
import { textBlock } from "./block.ts";
import { encodeShape, escapeXml } from "./encode-svg.ts";
import { legendBlock } from "./legend.ts";
import { type Lookup, lookupIn } from "./lookup.ts";
import { arrowsWidth, drawnArrows, reachArrows } from "./reach.ts";
import { path, type Shape } from "./shape.ts";
import { lines, styleSheet } from "./style.ts";
import { fonts, textWidth } from "./text-width.ts";
import { type Top, topOf } from "./top.ts";

const margin = 20;
const inset = 16;
const bandGap = 36;
const trunkRoom = 30;
const narrowest = 640;

/** @param title stands above the picture, when given */
export function formatSvg(graph: Graph, title?: string): string {
  const lookup = lookupIn(graph);
  const head = title === undefined ? 0 : fonts.title.lineHeight + 8;
  const host = hostPicture(lookup);
  const content = Math.max(narrowest, host.width, title === undefined ? 0 : textWidth(title, fonts.title));
  const hidden = drawnArrows(lookup.edges("reaches")).length === 0 ? (["reaches"] as const) : [];
  const legend = legendBlock(graph, content, hidden);
  const below = margin + head + host.height + 16;
  const [width, height] = [content + 2 * margin, below + legend.height + margin];
  const shapes: readonly Shape[] = [
    { kind: "rect", x: 0, y: 0, width, height, look: "paper" },
    ...(title === undefined ? [] : textBlock(title, fonts.title).draw(margin, margin)),
    ...host.draw(margin, margin + head, content),
    ...legend.draw(margin, below),
  ];
  return documentOf(shapes, Math.ceil(width), Math.ceil(height), title ?? "vswitch");
}

interface Picture {
  readonly width: number;
  readonly height: number;
  draw(x: number, y: number, width: number): readonly Shape[];
}

function hostPicture(lookup: Lookup): Picture {
  const top = topOf(lookup);
  const loose = lookup.onLayer("switch").map((node) => looseBand(node, lookup));
  const room = roomFor(loose);
  const bands = loose.map((band) => bandOf(band, room));
  const arrows = drawnArrows(lookup.edges("reaches"));
  const gutter = trunkRoom + arrowsWidth(arrows.length);
  const offsets = bands.map((_, i) =>
    bands.slice(0, i).reduce((sum, band) => sum + band.height + bandGap, 0),
  );
  const total = bands.reduce((sum, band) => sum + band.height + bandGap, 0);
  const height = top.height + total + inset;
  return {
    width: Math.max(top.width, ...bands.map((band) => gutter + band.width)) + 2 * inset,
    height,
    draw(x, y, width) {
      const area = { x, y: y + top.above, width, height: height - top.above };
      const left = x + inset + gutter;
      const routed = bands.filter(({ id }) => lookup.to(id, "routes").length > 0);
      const tops = bands.map((_, i) => y + top.height + bandGap + (offsets[i] ?? 0));
      const slots = new Map(bands.map(({ id }, i) => [id, (tops[i] ?? 0) + 34]));
      return [
        { kind: "rect", ...area, look: "host-area", radius: 8 },
        ...trunk(routed, tops, x + inset + 12, left, y + top.height),
        ...uplinkWires(bands, tops, lookup, top, { x, y, left }),
        ...reachArrows(arrows, left, slots),
        ...top.draw(x + inset, y, width - 2 * inset),
        ...bands.flatMap((band, i) => band.draw(left, tops[i] ?? 0)),
      ];
    },
  };
}

interface Corner {
  readonly x: number;
  readonly y: number;
  /** Side of the cards of switches. */
  readonly left: number;
}

/** From an uplink past the host to each switch that is bound to it: nothing on that way passes the host's routing. */
function uplinkWires(
  bands: readonly Band[],
  tops: readonly number[],
  lookup: Lookup,
  top: Top,
  { x, y, left }: Corner,
): readonly Shape[] {
  const used = [...top.uplinks.keys()].filter((id) => lookup.from(id, "uplink").length > 0);
  return bands.flatMap(({ id }, i): Shape[] =>
    lookup.to(id, "uplink").flatMap(({ from }) => {
      const start = top.uplinks.get(from);
      if (start === undefined) return [];
      const [right, down] = start;
      // Each has a lane of its own; the first is the outermost, and turns first.
      const share = (used.indexOf(from) + 1) / (used.length + 1);
      const lane = x + inset * share;
      const turn = top.turns.from + (top.turns.to - top.turns.from) * share;
      const at = (tops[i] ?? 0) + 18;
      const points = [
        [x + inset + right, y + down],
        [x + inset + right, y + turn],
        [lane, y + turn],
        [lane, at],
        [left, at],
      ] as const;
      return [{ kind: "line", path: path(...points), look: "uplink" }];
    }),
  );
}

/** From the host down to every switch that it routes for: they come first. */
function trunk(
  bands: readonly Band[],
  tops: readonly number[],
  x: number,
  right: number,
  from: number,
): readonly Shape[] {
  const ends = bands.map((_, i) => (tops[i] ?? 0) + 18);
  const last = ends.at(-1);
  if (last === undefined) return [];
  return [
    { kind: "line", path: path([x, from], [x, last]), look: "trunk" },
    ...ends.map((y) => ({ kind: "line", path: path([x, y], [right, y]), look: "trunk" }) as const),
  ];
}

function documentOf(shapes: readonly Shape[], width: number, height: number, title: string): string {
  const tips = Object.keys(lines).map(
    (look) =>
      `<marker id="tip-${look}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">` +
      '<path d="M0 0L8 4L0 8z"/></marker>',
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${styleSheet()}</style>`,
    `<defs>${tips.join("")}</defs>`,
    ...shapes.map((shape) => encodeShape(shape)),
    "</svg>",
    "",
  ].join("\n");
}
