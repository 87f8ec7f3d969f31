/** The nodes of a graph within each other. */
import type { Graph, GraphNode } from "./graph.ts";

export interface Tree {
  readonly node: GraphNode;
  readonly parts: readonly Tree[];
  /** It has parts and no edges of its own: a frame around its parts says all. */
  readonly frame: boolean;
}

/** In the order of the graph; a node whose parent is missing stands by itself. */
export function treeOf({ nodes, edges }: Graph): readonly Tree[] {
  const known = new Set(nodes.map(({ id }) => id));
  const ends = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const within = Map.groupBy(nodes, ({ parent }) =>
    parent !== undefined && known.has(parent) ? parent : undefined,
  );
  const treesIn = (id: string | undefined): readonly Tree[] =>
    (within.get(id) ?? []).map((node) => {
      const parts = treesIn(node.id);
      return { node, parts, frame: parts.length > 0 && !ends.has(node.id) };
    });
  return treesIn(undefined);
}
