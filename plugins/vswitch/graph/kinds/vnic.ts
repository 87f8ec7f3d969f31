/** The adapters in the compartments. */
import type { Plan } from "../../../../lib/model/plan.ts";
import { isStacked } from "../../../../lib/model/switch.ts";
import { isVmNic } from "../../../../lib/model/vm-nic.ts";
import { detail, type GraphLine, type GraphNode, line } from "../graph.ts";
import type { Kind } from "../kind.ts";
import { compartmentId } from "./compartment.ts";
import { switchId } from "./switch.ts";
import { entryId } from "./tap.ts";
import { vnicId } from "./vnic-id.ts";

export const vnicKind: Kind = {
  layer: "adapter",
  dot: "box",
  mermaid: ["[", "]"],
  part: ({ endpoints }) => ({
    nodes: endpoints.map(nodeOf),
    edges: endpoints
      .filter((plan) => isStacked(plan.switch))
      .map((plan) => ({ kind: "plugged", from: switchId(plan.switch), to: entryId(plan) })),
  }),
};

/** That the addresses below are nobody's but the guest's. */
function guestLines({ vnic }: Plan): readonly GraphLine[] {
  if (!isVmNic(vnic)) return [];
  const { name, attach } = vnic.tap;
  return [
    line(attach === "switch" ? `virtual machine, tap ${name} is the port` : `virtual machine at tap ${name}`),
    ...(vnic.addresses.length === 0 ? [line("its addresses are its own")] : []),
  ];
}

function nodeOf(plan: Plan): GraphNode {
  const { name, addresses, mac, mtu } = plan.vnic;
  return {
    id: vnicId(plan),
    kind: "vnic",
    parent: compartmentId(plan),
    name,
    lines: [
      ...guestLines(plan),
      ...addresses.map((address) => line(address)),
      detail(mac),
      // The switch's is the rule.
      ...(mtu === plan.switch.mtu ? [] : [detail(`MTU ${mtu}`)]),
    ],
    marks: [],
    data: plan.vnic,
  };
}
