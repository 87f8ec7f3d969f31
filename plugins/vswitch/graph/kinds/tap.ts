/** The taps in compartments: each between the switch and the NIC of a guest. One on the host is a port itself. */
import type { Plan } from "../../../../lib/model/plan.ts";
import { joinedTap, linkName } from "../../../../lib/model/vm-nic.ts";
import { detail, type GraphEdge, type GraphNode } from "../graph.ts";
import type { Kind } from "../kind.ts";
import { compartmentId } from "./compartment.ts";
import { vnicId } from "./vnic-id.ts";

export const tapKind: Kind = {
  layer: "tap",
  dot: "box",
  mermaid: ["[", "]"],
  part: ({ endpoints }) => ({
    nodes: endpoints.flatMap((plan) => nodeOf(plan) ?? []),
    edges: endpoints
      .filter((plan) => joinedTap(plan) !== undefined)
      .map((plan): GraphEdge => ({ kind: "cable", from: tapId(plan), to: vnicId(plan) })),
  }),
};

const tapId = ({ key }: Plan): string => `tap ${key}`;

/** What of an endpoint is nearest to the switch, its port left aside. */
export const entryId = (plan: Plan): string => (joinedTap(plan) === undefined ? vnicId(plan) : tapId(plan));

function nodeOf(plan: Plan): GraphNode | undefined {
  const tap = joinedTap(plan);
  if (tap === undefined) return undefined;
  return {
    id: tapId(plan),
    kind: "tap",
    parent: compartmentId(plan),
    name: tap.name,
    lines: [detail("tap"), detail(`joined to ${linkName(plan)}`)],
    marks: [],
    data: tap,
  };
}
