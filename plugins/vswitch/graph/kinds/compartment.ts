/** The compartments: the containers, each with a network stack of its own. */
import type { Plan } from "../../../../lib/model/plan.ts";
import { detail, type GraphNode } from "../graph.ts";
import type { Kind } from "../kind.ts";

export const compartmentKind: Kind = {
  layer: "station",
  dot: "box",
  mermaid: ["[", "]"],
  part: ({ endpoints }) => {
    const all = Map.groupBy(endpoints, compartmentId);
    return { nodes: [...all].map(([id, plans]) => nodeOf(id, plans)), edges: [] };
  },
};

/** Nobody knows the path of a compartment whose state was rebuilt: its container stands for it. */
export function compartmentId({ compartment: { path }, owner }: Plan): string {
  return `compartment ${path === "" ? owner.containerId : path}`;
}

function nodeOf(id: string, plans: readonly Plan[]): GraphNode {
  const containers = [...new Set(plans.map((plan) => plan.owner.containerId))];
  const path = plans[0]?.compartment.path ?? "";
  return {
    id,
    kind: "compartment",
    name: containers.map(shortName).join(" "),
    lines: path === "" ? [] : [detail(path)],
    marks: [],
    data: { path, containers },
  };
}

/** Runtimes name containers by 64 hex digits, of which people use the first twelve. */
const shortName = (container: string): string =>
  /^[0-9a-f]{32,}$/.test(container) ? container.slice(0, 12) : container;
