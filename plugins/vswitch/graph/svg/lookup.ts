/** Finding one's way in a graph. */
import type { EdgeKind, Graph, GraphEdge, GraphNode } from "../graph.ts";
import type { Layer } from "../kind.ts";
import { kinds } from "../kinds.ts";

export interface Lookup {
  node(id: string): GraphNode | undefined;
  /** In the order of the graph. */
  onLayer(layer: Layer): readonly GraphNode[];
  partsOf(id: string, layer: Layer): readonly GraphNode[];
  from(id: string, kind: EdgeKind): readonly GraphEdge[];
  to(id: string, kind: EdgeKind): readonly GraphEdge[];
  edges(kind: EdgeKind): readonly GraphEdge[];
}

export function lookupIn({ nodes, edges }: Graph): Lookup {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const layers = Map.groupBy(nodes, layerOf);
  const parts = Map.groupBy(nodes, ({ parent = "" }) => parent);
  const leaving = Map.groupBy(edges, (edge) => edge.from);
  const arriving = Map.groupBy(edges, (edge) => edge.to);
  const ofKind = (list: readonly GraphEdge[] | undefined, kind: EdgeKind): readonly GraphEdge[] =>
    (list ?? []).filter((edge) => edge.kind === kind);
  return {
    node: (id) => byId.get(id),
    onLayer: (layer) => layers.get(layer) ?? [],
    partsOf: (id, layer) => (parts.get(id) ?? []).filter((node) => layerOf(node) === layer),
    from: (id, kind) => ofKind(leaving.get(id), kind),
    to: (id, kind) => ofKind(arriving.get(id), kind),
    edges: (kind) => ofKind(edges, kind),
  };
}

const layerOf = ({ kind }: GraphNode): Layer => kinds[kind].layer;
