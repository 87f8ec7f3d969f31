/**
 * A trace as one self-contained SVG file: from the sender down to the verdict, a box for each place and in it a line
 * for each stage. Where the packet ends is red. No script, no font, no link; light and dark as the viewer likes it.
 */
import { type Block, textBlock } from "../graph/svg/block.ts";
import { encodeShape, escapeXml } from "../graph/svg/encode-svg.ts";
import { path, type Shape } from "../graph/svg/shape.ts";
import { styleSheet } from "../graph/svg/style.ts";
import { fonts } from "../graph/svg/text-width.ts";
import { type Picture, pictureOf } from "./picture.ts";
import type { TraceView } from "./view.ts";

const margin = 20;
const arrowLength = 34;

export function formatSvg(view: TraceView): string {
  const picture = pictureOf(view);
  const width = Math.max(
    ...[picture.head, picture.end, picture.fields, ...picture.parts.map((part) => part.block)].map(
      (block) => block.width,
    ),
  );
  const placed = place(picture, width);
  return documentOf(placed.shapes, Math.ceil(width + 2 * margin), Math.ceil(placed.height + margin), view);
}

interface Placed {
  readonly shapes: readonly Shape[];
  readonly height: number;
}

/** One below the other, with an arrow to each; beside it the packet, where it is another one. */
function place({ head, parts, end, fields }: Picture, width: number): Placed {
  const shapes: Shape[] = [];
  let y = margin;
  const put = (block: Block): void => {
    shapes.push(...block.draw(margin, y, width));
    y += block.height;
  };
  const arrow = (label: string | undefined): void => {
    const x = margin + 28;
    shapes.push({
      kind: "line",
      path: path([x, y + 3], [x, y + arrowLength - 4]),
      look: "cable",
      arrow: true,
    });
    if (label !== undefined) shapes.push(...textBlock(label, fonts.plain, "muted").draw(x + 14, y + 9));
    y += arrowLength;
  };
  put(head);
  y += 10;
  for (const [i, part] of parts.entries()) {
    if (i > 0) arrow(part.packet);
    put(part.block);
  }
  arrow(undefined);
  put(end);
  y += 14;
  put(fields);
  return { shapes, height: y };
}

function documentOf(shapes: readonly Shape[], width: number, height: number, { name }: TraceView): string {
  const paper: Shape = { kind: "rect", x: 0, y: 0, width, height, look: "paper" };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeXml(`the path of a packet from ${name}`)}</title>`,
    `<style>${styleSheet()}</style>`,
    '<defs><marker id="tip-cable" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>',
    ...[paper, ...shapes].map((shape) => encodeShape(shape)),
    "</svg>",
    "",
  ].join("\n");
}
