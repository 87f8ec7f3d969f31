/** What there is to say of a kind of node: where it comes from, and how the formats show it. */
import type { Scene } from "../../../lib/model/scene.ts";
import type { Graph } from "./graph.ts";

/**
 * Where a node stands, from top to bottom: beyond the host; on the host's border; the host itself; its switches;
 * above a switch; on a switch; what is attached there; before an adapter; the adapter of that; a switch's way to other
 * hosts; those.
 */
export type Layer =
  | "outside"
  | "border"
  | "host"
  | "switch"
  | "entrance"
  | "port"
  | "station"
  | "tap"
  | "adapter"
  | "tunnel"
  | "peer";

export interface Kind {
  readonly layer: Layer;
  /** Nodes of this kind, and the edges that begin or end there and are not made elsewhere. */
  readonly part: (scene: Scene) => Graph;
  /** Shape in DOT (graphviz.org "Node Shapes"). */
  readonly dot: string;
  /** Brackets of its shape in a flowchart of Mermaid. */
  readonly mermaid: readonly [open: string, close: string];
}
