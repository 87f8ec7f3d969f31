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
  /** The adapter that a port or a switch leads to, past its tap. @param id of what is nearest to the switch */
  adapterAt(id: string): GraphNode | undefined;
  /** What is nearest to the switch: the adapter itself, or its tap. */
  entryOf(adapter: GraphNode): GraphNode;
}

export function lookupIn({ nodes, edges }: Graph): Lookup {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const layers = Map.groupBy(nodes, layerOf);
  const parts = Map.groupBy(nodes, ({ parent = "" }) => parent);
  const leaving = Map.groupBy(edges, (edge) => edge.from);
  const arriving = Map.groupBy(edges, (edge) => edge.to);
  const ofKind = (list: readonly GraphEdge[] | undefined, kind: EdgeKind): readonly GraphEdge[] =>
    (list ?? []).filter((edge) => edge.kind === kind);
  const onLayer = (id: string | undefined, layer: Layer): GraphNode | undefined => {
    const node = byId.get(id ?? "");
    return node !== undefined && layerOf(node) === layer ? node : undefined;
  };
  return {
    adapterAt(id) {
      const behind = onLayer(id, "tap") && ofKind(leaving.get(id), "cable")[0]?.to;
      return onLayer(behind ?? id, "adapter");
    },
    entryOf: (adapter) => onLayer(ofKind(arriving.get(adapter.id), "cable")[0]?.from, "tap") ?? adapter,
    node: (id) => byId.get(id),
    onLayer: (layer) => layers.get(layer) ?? [],
    partsOf: (id, layer) => (parts.get(id) ?? []).filter((node) => layerOf(node) === layer),
    from: (id, kind) => ofKind(leaving.get(id), kind),
    to: (id, kind) => ofKind(arriving.get(id), kind),
    edges: (kind) => ofKind(edges, kind),
  };
}

const layerOf = ({ kind }: GraphNode): Layer => kinds[kind].layer;
