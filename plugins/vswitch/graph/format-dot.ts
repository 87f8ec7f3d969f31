/**
 * A graph in DOT, for Graphviz and whatever else reads it.
 *
 * @see https://graphviz.org/doc/info/lang.html
 */
import type { EdgeKind, Graph, GraphEdge, GraphNode } from "./graph.ts";
import { kinds } from "./kinds.ts";
import { type Tree, treeOf } from "./tree.ts";

const looks: Readonly<Record<EdgeKind, string>> = {
  uplink: "dir=none, style=bold",
  plugged: "dir=none, style=bold",
  cable: "dir=none",
  routes: "dir=none",
  publishes: 'color="#bc4c00"',
  reaches: 'color="#1a7f37", style=dashed, constraint=false',
  carries: "dir=none, style=dotted, constraint=false",
  tunnels: "dir=none, style=dashed",
};

export function formatDot(graph: Graph, title?: string): string {
  return [
    "digraph vswitch {",
    '  node [fontname="monospace", fontsize=10];',
    '  edge [fontname="monospace", fontsize=9];',
    '  graph [fontname="monospace", fontsize=10];',
    ...(title === undefined ? [] : ["  labelloc=t;", `  label=${quote(title)};`]),
    ...treeOf(graph).flatMap((tree) => treeLines(tree, "  ")),
    ...graph.edges.map(edgeLine),
    "}",
    "",
  ].join("\n");
}

/** What has parts becomes a frame around itself and them. */
function treeLines({ node, parts, frame }: Tree, indent: string): readonly string[] {
  if (parts.length === 0) return [`${indent}${nodeLine(node)}`];
  return [
    `${indent}subgraph ${quote(`cluster ${node.id}`)} {`,
    `${indent}  label=${frame ? textOf(node) : '""'};`,
    ...(frame ? [] : [`${indent}  ${nodeLine(node)}`]),
    ...parts.flatMap((part) => treeLines(part, `${indent}  `)),
    `${indent}}`,
  ];
}

const nodeLine = (node: GraphNode): string =>
  `${quote(node.id)} [shape=${kinds[node.kind].dot}, label=${textOf(node)}];`;

const textOf = ({ name, lines, marks }: GraphNode): string =>
  quote([name, ...lines.map(({ text }) => text), ...marks.map(({ text }) => `(${text})`)].join("\n"));

function edgeLine({ kind, from, to, label }: GraphEdge): string {
  const text = label === undefined ? "" : `, label=${quote(label)}`;
  return `  ${quote(from)} -> ${quote(to)} [${looks[kind]}${text}];`;
}

/** A backslash begins an escape in labels (`\N` is the node's name), so it is doubled. */
const quote = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
