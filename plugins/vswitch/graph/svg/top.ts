/** The upper part of the picture: what is outside, the host's interfaces, and the host itself. */
import type { GraphNode } from "../graph.ts";
import { type Block, beside, framed, stack, textBlock } from "./block.ts";
import type { Lookup } from "./lookup.ts";
import { markBlock } from "./marks.ts";
import { type Point, path, type Shape } from "./shape.ts";
import { fonts, shorten } from "./text-width.ts";

export interface Top {
  readonly width: number;
  /** Of what stands above the host's border, and of all. */
  readonly above: number;
  readonly height: number;
  /** Where wires to external switches begin, by the interface's node: right and down of the top's corner. */
  readonly uplinks: ReadonlyMap<string, readonly [x: number, y: number]>;
  /** Room in which they may turn, between the interfaces and the host. */
  readonly turns: { readonly from: number; readonly to: number };
  /** @param width of the host's inner side */
  draw(x: number, y: number, width: number): readonly Shape[];
}

const gaps = { interfaces: 16, border: 34, inside: 14, wires: 24 } as const;
/** Interfaces that lead nowhere in the picture and are still drawn. */
const mostOthers = 6;

export function topOf(lookup: Lookup): Top {
  const outside = lookup.onLayer("outside").map((node) => nodeBlock(node, "outside"));
  const border = borderOf(lookup);
  const host = lookup.onLayer("host").map(hostBlock);
  const [beyond, own] = [stack(outside), stack(host)];
  const row = beside(
    border.map(({ block }) => block),
    gaps.interfaces,
  );
  const above = beyond.height + gaps.border;
  const hostTop = gaps.inside + (row.height === 0 ? 0 : row.height + gaps.wires);
  const places = border.map((_, i) =>
    border.slice(0, i).reduce((sum, { block }) => sum + block.width + gaps.interfaces, 0),
  );
  const span = Math.max(0, ...border.map((one, i) => (one.out ? (places[i] ?? 0) + one.block.width : 0)));
  return {
    width: Math.max(beyond.width, row.width, own.width),
    above,
    height: above + hostTop + own.height,
    uplinks: new Map(
      border.flatMap(({ id, block }, i) => {
        const bottom = above + gaps.inside + block.height;
        return id === undefined ? [] : [[id, [(places[i] ?? 0) + 10, bottom] as const]];
      }),
    ),
    turns: { from: above + hostTop - gaps.wires, to: above + hostTop },
    draw(x, y, width) {
      const wires = border.flatMap(({ block, out }, i): Shape[] => {
        const middle = x + (places[i] ?? 0) + block.width / 2;
        const down: Point[] = [
          [middle, y + above + gaps.inside + block.height],
          [middle, y + above + hostTop],
        ];
        const up: Point[] = [
          [middle, y + beyond.height],
          [middle, y + above + gaps.inside],
        ];
        return [down, ...(out ? [up] : [])].map((points) => ({
          kind: "line",
          path: path(...points),
          look: "cable",
        }));
      });
      return [
        ...wires,
        ...beyond.draw(x, y, Math.max(span, beyond.width)),
        ...row.draw(x, y + above + gaps.inside),
        ...own.draw(x, y + above + hostTop, width),
      ];
    },
  };
}

interface BorderBlock {
  readonly id?: string;
  readonly block: Block;
  /** Whether a wire leads to the outside. */
  readonly out: boolean;
}

function borderOf(lookup: Lookup): readonly BorderBlock[] {
  const [outside] = lookup.onLayer("outside");
  const leads = ({ id }: GraphNode): boolean =>
    outside !== undefined && lookup.from(outside.id, "cable").some((edge) => edge.to === id);
  const nodes = lookup.onLayer("border");
  const others = nodes.filter((node) => !leads(node));
  const drawn = [...nodes.filter(leads), ...others.slice(0, mostOthers)];
  const folded = others.slice(mostOthers);
  return [
    ...drawn.map((node) => ({ id: node.id, block: nodeBlock(node, "border"), out: leads(node) })),
    ...(folded.length === 0 ? [] : [{ block: foldedBlock(folded), out: false }]),
  ];
}

function nodeBlock(node: GraphNode, look: string): Block {
  const texts = [
    textBlock(shorten(node.name, 24), fonts.strong),
    ...node.lines.map(({ text, detail }) => textBlock(text, fonts.plain, detail === true ? "muted" : "")),
    ...node.marks.map(markBlock),
  ];
  return framed(stack(texts), { look, padding: [5, 10], tip: node.name });
}

function foldedBlock(nodes: readonly GraphNode[]): Block {
  const text = textBlock(`and ${nodes.length} more`, fonts.plain, "muted");
  return framed(text, { look: "border", padding: [5, 10], tip: nodes.map(({ name }) => name).join("\n") });
}

/** One line: it lies across the whole host, since all that leaves a switch passes it. */
function hostBlock(node: GraphNode): Block {
  const texts = beside(
    [
      textBlock(node.name, fonts.strong),
      ...node.lines.map(({ text }) => textBlock(text, fonts.plain)),
      ...node.marks.map(markBlock),
    ],
    12,
  );
  return framed(texts, { look: "host", padding: [6, 10] });
}
