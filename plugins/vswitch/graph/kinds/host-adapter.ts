/** The host's own adapters on external switches, beside the containers'. */
import type { Scene } from "../../../../lib/model/scene.ts";
import { type HostAdapter, hostAdapterOf } from "../../../../lib/model/switch.ts";
import { detail, type GraphEdge, type GraphNode, line, warning } from "../graph.ts";
import type { Kind } from "../kind.ts";
import { hostId } from "./host.ts";
import { switchId } from "./switch.ts";

export const hostAdapterKind: Kind = {
  layer: "adapter",
  dot: "box",
  mermaid: ["[", "]"],
  part: (scene) => {
    const parts = scene.networks.flatMap(({ switch: vswitch }) => {
      const adapter = hostAdapterOf(vswitch);
      return adapter === undefined ? [] : [{ adapter, on: switchId(vswitch) }];
    });
    return {
      nodes: parts.map(({ adapter }) => nodeOf(adapter, scene)),
      edges: parts.map(
        ({ adapter, on }): GraphEdge => ({ kind: "plugged", from: on, to: hostAdapterId(adapter) }),
      ),
    };
  },
};

const hostAdapterId = ({ name }: HostAdapter): string => `hostAdapter ${name}`;

function nodeOf(adapter: HostAdapter, { host }: Scene): GraphNode {
  const { name, addresses, mac } = adapter;
  const found = host.interfaces.find((one) => one.name === name);
  const amiss =
    found === undefined
      ? [warning("gone", "vswitch repair makes it anew")]
      : found.up
        ? []
        : [warning("down", "vswitch repair switches it on")];
  return {
    id: hostAdapterId(adapter),
    kind: "hostAdapter",
    parent: hostId,
    name,
    lines: [...addresses.map((address) => line(`answers for ${address}`)), detail(mac)],
    marks: amiss,
    data: adapter,
  };
}
