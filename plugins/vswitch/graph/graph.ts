/** A picture of a host as data: nodes and edges, whatever they are drawn with. */

/** Each has a file in `kinds/` and an entry in `kinds.ts`. */
export type NodeKind =
  | "outside"
  | "interface"
  | "host"
  | "switch"
  | "hostAdapter"
  | "hostPort"
  | "port"
  | "compartment"
  | "tap"
  | "vnic"
  | "tunnel"
  | "peer";

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export interface GraphNode {
  /** Unique and the same for the same host. */
  readonly id: string;
  readonly kind: NodeKind;
  /** The node it is part of. */
  readonly parent?: string;
  readonly name: string;
  /** What one wants to know of it. */
  readonly lines: readonly GraphLine[];
  readonly marks: readonly GraphMark[];
  /** The object itself, for programs. */
  readonly data: object;
}

export interface GraphLine {
  readonly text: string;
  /** Left out where many are drawn. */
  readonly detail?: true;
}

export type MarkKind = "guard" | "unguarded" | "acl" | "qos" | "nat" | "warning";

/** Something small that a node bears: a policy, or what is wrong with it. */
export interface GraphMark {
  readonly kind: MarkKind;
  readonly text: string;
  /** All of it. */
  readonly explanation: string;
}

/**
 * - `uplink`: the interface by which an external switch leads to the wire
 * - `plugged`: a port is on a switch; of a switch without ports, the vNIC itself
 * - `cable`: frames go both ways
 * - `routes`: the host forwards for the switch
 * - `publishes`: a port of the host leads to a vNIC
 * - `reaches`: containers of the one network may open connections to those of the other
 * - `carries`: packets of a tunnel leave by the interface
 * - `tunnels`: the tunnel leads to another host
 */
export type EdgeKind =
  | "uplink"
  | "plugged"
  | "cable"
  | "routes"
  | "publishes"
  | "reaches"
  | "carries"
  | "tunnels";

export interface GraphEdge {
  readonly kind: EdgeKind;
  readonly from: string;
  readonly to: string;
  readonly label?: string;
}

export const line = (text: string): GraphLine => ({ text });

export const detail = (text: string): GraphLine => ({ text, detail: true });

export const warning = (text: string, explanation: string): GraphMark => ({
  kind: "warning",
  text,
  explanation,
});
