/**
 * A graph as a flowchart of Mermaid, which wikis and code forges draw.
 *
 * @see https://mermaid.js.org/syntax/flowchart.html
 */
import type { EdgeKind, Graph, GraphEdge, GraphNode } from "./graph.ts";
import { kinds } from "./kinds.ts";
import { type Tree, treeOf } from "./tree.ts";

const arrows: Readonly<Record<EdgeKind, string>> = {
  uplink: "===",
  plugged: "===",
  cable: "---",
  routes: "---",
  publishes: "-->",
  reaches: "-.->",
  carries: "-.-",
  tunnels: "-.-",
};

export function formatMermaid(graph: Graph, title?: string): string {
  const names = new Map(graph.nodes.map(({ id }, i) => [id, `n${i}`]));
  const nameOf = (id: string): string => names.get(id) ?? "missing";
  return [
    ...(title === undefined ? [] : ["---", `title: ${JSON.stringify(title)}`, "---"]),
    "flowchart TB",
    ...treeOf(graph).flatMap((tree) => treeLines(tree, nameOf, "  ")),
    ...graph.edges.map((edge) => edgeLine(edge, nameOf)),
    "",
  ].join("\n");
}

/** What has parts becomes a frame around itself and them. */
function treeLines(
  { node, parts, frame }: Tree,
  nameOf: (id: string) => string,
  indent: string,
): readonly string[] {
  const name = nameOf(node.id);
  const own = nodeLine(node, name);
  if (parts.length === 0) return [`${indent}${own}`];
  return [
    `${indent}subgraph ${frame ? `${name}["${textOf(node)}"]` : `f${name}[" "]`}`,
    ...(frame ? [] : [`${indent}  ${own}`]),
    ...parts.flatMap((part) => treeLines(part, nameOf, `${indent}  `)),
    `${indent}end`,
  ];
}

function nodeLine(node: GraphNode, id: string): string {
  const [open, close] = kinds[node.kind].mermaid;
  return `${id}${open}"${textOf(node)}"${close}`;
}

function textOf({ name, lines, marks }: GraphNode): string {
  const texts = [...lines.map(({ text }) => text), ...marks.map(({ text }) => `(${text})`)];
  return [`<b>${escapeMermaid(name)}</b>`, ...texts.map(escapeMermaid)].join("<br/>");
}

function edgeLine({ kind, from, to, label }: GraphEdge, nameOf: (id: string) => string): string {
  const text = label === undefined ? "" : `|"${escapeMermaid(label)}"|`;
  return `  ${nameOf(from)} ${arrows[kind]}${text} ${nameOf(to)}`;
}

/** Mermaid knows characters by their number; what might be markup is written so. */
const escapeMermaid = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, "\ufffd")
    .replace(/[^\p{L}\p{N} .,:/()+→↑↓-]/gu, (character) => `#${character.codePointAt(0)};`);
