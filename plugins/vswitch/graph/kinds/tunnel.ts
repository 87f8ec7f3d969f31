/** The tunnels of overlay networks: where packets leave for containers on other hosts. */
import { contains } from "../../../../lib/addr/prefix.ts";
import { findInterface, localPrefixes } from "../../../../lib/model/path/find.ts";
import { tunnelFault } from "../../../../lib/model/path/link.ts";
import { type OverlayNetwork, overlayNetworks } from "../../../../lib/model/path/remote.ts";
import type { Scene } from "../../../../lib/model/scene.ts";
import { vxlanOverhead } from "../../../../lib/model/vtep.ts";
import {
  detail,
  type GraphEdge,
  type GraphLine,
  type GraphMark,
  type GraphNode,
  line,
  warning,
} from "../graph.ts";
import type { Kind } from "../kind.ts";
import { hostId } from "./host.ts";
import { interfaceId } from "./interface.ts";
import { switchId } from "./switch.ts";

export const tunnelKind: Kind = {
  layer: "tunnel",
  dot: "cds",
  mermaid: ["[/", "/]"],
  part: (scene) => {
    const networks = overlayNetworks(scene);
    return {
      nodes: networks.map((network) => nodeOf(network, scene)),
      edges: networks.flatMap((network) => edgesOf(network, scene)),
    };
  },
};

export const tunnelId = ({ switch: { tunnel } }: OverlayNetwork): string => `tunnel ${tunnel.name}`;

function nodeOf(network: OverlayNetwork, scene: Scene): GraphNode {
  const { tunnel, vni, mode } = network.switch;
  return {
    id: tunnelId(network),
    kind: "tunnel",
    parent: switchId(network.switch),
    name: tunnel.name,
    lines: [
      line(`VNI ${vni}, UDP port ${tunnel.udpPort}`),
      line(`VTEP ${tunnel.vtep} by ${tunnel.uplink}`),
      line(mode === "routed" ? "routed by the host" : "a port: one subnet on all hosts"),
      directoryLine(network),
      detail(tunnel.mac),
    ],
    marks: marksOf(network, scene),
    data: { vni, mode, ...tunnel },
  };
}

function directoryLine({ directory }: OverlayNetwork): GraphLine {
  if (directory === undefined) return line("other hosts: none known yet");
  if (directory.type === "static") return line("other hosts: by configuration");
  return line(`other hosts: ${directory.type}, revision ${directory.revision}`);
}

function marksOf(network: OverlayNetwork, scene: Scene): readonly GraphMark[] {
  const { tunnel, mtu } = network.switch;
  const marks: GraphMark[] = [];
  const fault = tunnelFault(scene, network);
  if (fault !== undefined) marks.push(warning(fault.by, fault.remedy));
  if (!localPrefixes(scene).some((prefix) => contains(prefix, tunnel.vtep)))
    marks.push(warning("VTEP is not the host's", `${tunnel.vtep} is no address of this host any more`));
  const needs = mtu + vxlanOverhead[tunnel.vtep.includes(":") ? 6 : 4];
  const uplink = findInterface(scene, tunnel.uplink);
  if (uplink !== undefined && uplink.mtu < needs)
    marks.push(warning(`MTU of ${uplink.name}: ${uplink.mtu}`, `packets of the network need ${needs}`));
  if (network.directory?.followed === false)
    marks.push(
      warning("nobody follows the directory", "no vswitch agent runs: what changes there is not seen"),
    );
  return marks;
}

function edgesOf(network: OverlayNetwork, { host }: Scene): readonly GraphEdge[] {
  const { tunnel, mode } = network.switch;
  const to = tunnelId(network);
  const isThere = host.interfaces.some(({ name }) => name === tunnel.uplink);
  return [
    mode === "routed"
      ? { kind: "routes", from: hostId, to }
      : { kind: "plugged", from: switchId(network.switch), to },
    ...(isThere ? [{ kind: "carries", from: interfaceId(tunnel.uplink), to } as const] : []),
  ];
}
