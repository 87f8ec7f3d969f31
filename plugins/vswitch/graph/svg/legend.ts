/** What the signs of a picture mean; only those that are in it. */
import type { EdgeKind, Graph } from "../graph.ts";
import type { Layer } from "../kind.ts";
import { kinds } from "../kinds.ts";
import { type Block, beside, flow, textBlock } from "./block.ts";
import { markBlock, markMeanings } from "./marks.ts";
import { path, type Shape } from "./shape.ts";
import { fonts } from "./text-width.ts";

const edgeMeanings: Readonly<Partial<Record<EdgeKind, string>>> = {
  uplink: "way of an external switch to the wire, past the host",
  publishes: "port of the host that leads to a container",
  reaches: "containers of the one network may open connections to those of the other",
};

const layerMeanings: Readonly<Partial<Record<Layer, string>>> = {
  port: "port of the switch",
  station: "container with its adapter",
  peer: "other host of an overlay network, behind its tunnel",
};

/** Looks of other layers that these share. */
const looks: Readonly<Partial<Record<Layer, string>>> = { peer: "outside" };

const swatch = { width: 22, height: 12 } as const;

/** @param hidden edges that are not drawn */
export function legendBlock({ nodes, edges }: Graph, width: number, hidden: readonly EdgeKind[]): Block {
  const layers = new Set(nodes.map(({ kind }) => kinds[kind].layer));
  const lines = new Set(edges.map(({ kind }) => kind));
  const marks = new Set(nodes.flatMap((node) => node.marks.map(({ kind }) => kind)));
  const items = [
    ...entriesOf(layerMeanings)
      .filter(([layer]) => layers.has(layer))
      .map(([layer, meaning]) => item(boxSample(looks[layer] ?? layer), meaning)),
    ...entriesOf(edgeMeanings)
      .filter(([kind]) => lines.has(kind) && !hidden.includes(kind))
      .map(([kind, meaning]) => item(lineSample(kind), meaning)),
    ...entriesOf(markMeanings)
      .filter(([kind]) => marks.has(kind))
      .map(([kind, [text, meaning]]) => item(markBlock({ kind, text, explanation: meaning }), meaning)),
  ];
  return flow(items, width, 8);
}

/** The keys of a literal record, typed. */
function entriesOf<K extends string, V>(
  record: Readonly<Partial<Record<K, V>>>,
): readonly (readonly [K, V])[] {
  return Object.entries(record) as [K, V][];
}

const item = (sample: Block, meaning: string): Block =>
  beside([sample, textBlock(meaning, fonts.small, "muted"), space], 6);

const space: Block = { width: 10, height: 0, draw: () => [] };

function boxSample(look: string): Block {
  const { width, height } = swatch;
  return {
    width,
    height: fonts.small.lineHeight,
    draw: (x, y) => [
      {
        kind: "group",
        look,
        shapes: [{ kind: "rect", x, y: y + 1, width, height, look: "frame", radius: 3 }],
      },
    ],
  };
}

function lineSample(look: string): Block {
  const { width, height } = swatch;
  return {
    width,
    height: fonts.small.lineHeight,
    draw(x, y): readonly Shape[] {
      const at = y + 1 + height / 2;
      return [
        {
          kind: "line",
          path: path([x, at], [x + width, at]),
          look,
          ...(look === "uplink" ? {} : { arrow: true }),
        },
      ];
    },
  };
}
