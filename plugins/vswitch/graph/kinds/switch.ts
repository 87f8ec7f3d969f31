/** The switches: one for each network, with what their containers may reach. */
import { networkOf, prefixAddress } from "../../../../lib/addr/prefix.ts";
import type { Scene, SceneNetwork } from "../../../../lib/model/scene.ts";
import type { Switch } from "../../../../lib/model/switch.ts";
import { detail, type GraphEdge, type GraphLine, line } from "../graph.ts";
import type { Kind } from "../kind.ts";
import { hostId } from "./host.ts";

export const switchKind: Kind = {
  layer: "switch",
  dot: "box3d",
  mermaid: ["[[", "]]"],
  part: ({ networks }) => ({
    nodes: networks.map((network) => ({
      id: switchId(network.switch.name),
      kind: "switch",
      parent: hostId,
      name: network.name,
      lines: linesOf(network, networks.length > 1),
      marks: [],
      data: { type: network.kind, ...network.switch },
    })),
    edges: networks.flatMap((network): GraphEdge[] => [
      { kind: "routes", from: hostId, to: switchId(network.switch.name), label: natOf(network.switch) },
      ...reaching(network, networks),
    ]),
  }),
};

export const switchId = (name: string): string => `switch ${name}`;

function linesOf({ kind, switch: one }: SceneNetwork, several: boolean): readonly GraphLine[] {
  const { name, gateways, mtu, isolated } = one;
  return [
    line(`${kind} network on switch ${name}`),
    ...gateways.map((gateway) => line(`${networkOf(gateway)}, gateway ${prefixAddress(gateway)}`)),
    detail(`MTU ${mtu}`),
    line(`to outside: ${natOf(one)}`),
    ...(isolated === true ? [line("its containers cannot reach each other")] : []),
    ...(several ? [line(reachableOf(one))] : []),
  ];
}

function natOf({ outboundNat }: Switch): string {
  if (outboundNat === undefined) return "routed, addresses kept";
  const { exceptions } = outboundNat;
  return `masquerade${exceptions.length === 0 ? "" : `, except to ${exceptions.join(", ")}`}`;
}

function reachableOf({ reachable }: Switch): string {
  if (reachable === true) return "from other networks: reachable";
  if (reachable === undefined || reachable.length === 0) return "from other networks: not reachable";
  return `from other networks: only ${reachable.join(", ")}`;
}

/** Who may open connections to the containers of a network. */
function reaching({ name, switch: one }: SceneNetwork, networks: Scene["networks"]): readonly GraphEdge[] {
  const { reachable } = one;
  if (reachable === undefined) return [];
  return networks
    .filter((other) => other.name !== name && (reachable === true || reachable.includes(other.name)))
    .map((other) => ({
      kind: "reaches",
      from: switchId(other.switch.name),
      to: switchId(one.name),
    }));
}
