/** The formats of a graph by their names; their code is loaded when one is asked for. */
import type { Graph } from "./graph.ts";

export const graphFormats = ["svg", "mermaid", "dot", "json"] as const;
export type GraphFormat = (typeof graphFormats)[number];

type Format = (graph: Graph, title?: string) => string;

export const loadFormat: Readonly<Record<GraphFormat, () => Promise<Format>>> = {
  svg: async () => (await import("./svg/format-svg.ts")).formatSvg,
  mermaid: async () => (await import("./format-mermaid.ts")).formatMermaid,
  dot: async () => (await import("./format-dot.ts")).formatDot,
  json: async () => (graph, title) => JSON.stringify({ ...(title === undefined ? {} : { title }), ...graph }),
};
