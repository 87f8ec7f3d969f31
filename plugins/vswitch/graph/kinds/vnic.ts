/** The adapters in the compartments. */
import type { Plan } from "../../../../lib/model/plan.ts";
import { isStacked } from "../../../../lib/model/switch.ts";
import { detail, type GraphNode, line } from "../graph.ts";
import type { Kind } from "../kind.ts";
import { compartmentId } from "./compartment.ts";
import { switchId } from "./switch.ts";

export const vnicKind: Kind = {
  layer: "adapter",
  dot: "box",
  mermaid: ["[", "]"],
  part: ({ endpoints }) => ({
    nodes: endpoints.map(nodeOf),
    edges: endpoints
      .filter((plan) => isStacked(plan.switch))
      .map((plan) => ({ kind: "plugged", from: switchId(plan.switch), to: vnicId(plan) })),
  }),
};

/** The owner's key says it all: one vNIC for each attachment. */
export const vnicId = ({ key }: Plan): string => `vnic ${key}`;

function nodeOf(plan: Plan): GraphNode {
  const { name, addresses, mac, mtu } = plan.vnic;
  return {
    id: vnicId(plan),
    kind: "vnic",
    parent: compartmentId(plan),
    name,
    lines: [
      ...addresses.map((address) => line(address)),
      detail(mac),
      // The switch's is the rule.
      ...(mtu === plan.switch.mtu ? [] : [detail(`MTU ${mtu}`)]),
    ],
    marks: [],
    data: plan.vnic,
  };
}
