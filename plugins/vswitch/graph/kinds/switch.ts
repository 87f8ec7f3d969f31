/** The switches: one for each network, with what their containers may reach. */
import { networkOf, prefixAddress } from "../../../../lib/addr/prefix.ts";
import type { Scene, SceneNetwork } from "../../../../lib/model/scene.ts";
import { isExternal, isOverlay, isStacked, type Switch } from "../../../../lib/model/switch.ts";
import { detail, type GraphEdge, type GraphLine, line } from "../graph.ts";
import type { Kind } from "../kind.ts";
import { externalLines, uplinkMarks } from "./external.ts";
import { hostId } from "./host.ts";
import { interfaceId } from "./interface.ts";

export const switchKind: Kind = {
  layer: "switch",
  dot: "box3d",
  mermaid: ["[[", "]]"],
  part: (scene) => {
    const { networks } = scene;
    return {
      nodes: networks.map((network) => ({
        id: switchId(network.switch),
        kind: "switch",
        parent: hostId,
        name: network.name,
        lines: linesOf(network, networks.filter((one) => !isExternal(one.switch)).length > 1),
        marks: isExternal(network.switch) ? uplinkMarks(scene, network.switch) : [],
        data: { type: network.kind, ...network.switch },
      })),
      edges: networks.flatMap((network): GraphEdge[] => [
        ...bindingOf(network, scene),
        ...reaching(network, networks),
      ]),
    };
  },
};

/** Networks whose vNICs hang on one uplink are on one wire, and still each a switch of its own. */
export const switchId = (vswitch: Switch): string =>
  isStacked(vswitch) ? `switch ${vswitch.name} of ${vswitch.network}` : `switch ${vswitch.name}`;

/** What is beyond it: the host as its router, or the wire itself. */
function bindingOf({ switch: one }: SceneNetwork, { host }: Scene): readonly GraphEdge[] {
  if (!isExternal(one)) return [{ kind: "routes", from: hostId, to: switchId(one), label: natOf(one) }];
  const isThere = host.interfaces.some(({ name }) => name === one.uplink);
  const tag = one.vlan === undefined ? {} : { label: `VLAN ${one.vlan}` };
  return isThere ? [{ kind: "uplink", from: interfaceId(one.uplink), to: switchId(one), ...tag }] : [];
}

function linesOf(network: SceneNetwork, several: boolean): readonly GraphLine[] {
  const { kind, switch: one } = network;
  if (isExternal(one)) return externalLines(network, one);
  const { name, gateways, mtu, isolated } = one;
  return [
    line(`${kind} network on switch ${name}`),
    ...gateways.map((gateway) => line(`${networkOf(gateway)}, gateway ${prefixAddress(gateway)}`)),
    detail(`MTU ${mtu}`),
    ...(isOverlay(one) ? [line(`${one.mode}, VNI ${one.vni}`)] : []),
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
      from: switchId(other.switch),
      to: switchId(one),
    }));
}
