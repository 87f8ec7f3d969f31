/** Other hosts of overlay networks: some by themselves, of many the rest together. Those that are not reached come first. */
import { networkOf } from "../../../../lib/addr/prefix.ts";
import { type OverlayNetwork, overlayNetworks, peersOf, rowsOf } from "../../../../lib/model/path/remote.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import type { Scene } from "../../../../lib/model/scene.ts";
import type { OverlayMode } from "../../../../lib/model/switch.ts";
import { plural } from "../../format.ts";
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
import { tunnelId } from "./tunnel.ts";

export const peerKind: Kind = {
  layer: "peer",
  dot: "box3d",
  mermaid: ["([", "])"],
  part: (scene) => {
    const all = overlayNetworks(scene).flatMap((network) =>
      nodesOf(network, scene).map((node) => ({ node, network })),
    );
    return {
      nodes: all.map(({ node }) => node),
      edges: all.map(
        ({ node, network }): GraphEdge => ({ kind: "tunnels", from: tunnelId(network), to: node.id }),
      ),
    };
  },
};

/** One more than these is drawn as well: "and 1 more" is no shorter. */
const most = 4;
/** Of a host's subnets. */
const mostSubnets = 3;

function nodesOf(network: OverlayNetwork, scene: Scene): readonly GraphNode[] {
  const held = heldOf(network, scene);
  const judged = peersOf(network).map((peer) => ({ peer, marks: marksOf(peer, network.switch.mode, held) }));
  const ordered = judged.toSorted(
    (a, b) =>
      b.marks.length - a.marks.length ||
      compare(a.peer.node, b.peer.node) ||
      compare(a.peer.vtep, b.peer.vtep),
  );
  const few = ordered.length <= most + 1 ? ordered : ordered.slice(0, most);
  const rest = ordered.slice(few.length);
  return [
    ...few.map(({ peer, marks }) => nodeOf(peer, marks, network)),
    ...(rest.length === 0 ? [] : [restOf(rest, network)]),
  ];
}

/** host-9 before host-10. */
const { compare } = new Intl.Collator("en", { numeric: true });

function nodeOf(peer: Peer, marks: readonly GraphMark[], network: OverlayNetwork): GraphNode {
  const { node, vtep, subnets, endpoints, mac } = peer;
  const more = subnets.length - mostSubnets;
  return {
    id: `peer ${network.name} ${vtep}`,
    kind: "peer",
    name: node,
    lines: [
      ...(node === vtep ? [] : [line(`VTEP ${vtep}`)]),
      ...subnets.slice(0, mostSubnets).map((subnet): GraphLine => line(subnet)),
      ...(more > 0 ? [line(`and ${plural(more, "subnet")} more`)] : []),
      ...(network.switch.mode === "stretched" ? [line(plural(endpoints.length, "container"))] : []),
      detail(mac),
    ],
    marks,
    data: peer,
  };
}

interface Judged {
  readonly peer: Peer;
  readonly marks: readonly GraphMark[];
}

function restOf(rest: readonly Judged[], network: OverlayNetwork): GraphNode {
  const amiss = rest.filter(({ marks }) => marks.length > 0).length;
  const said = `${amiss} of them ${amiss === 1 ? "lacks" : "lack"} rows`;
  return {
    id: `peers ${network.name}`,
    kind: "peer",
    name: `and ${rest.length} more`,
    lines: [],
    marks: amiss === 0 ? [] : [warning(said, "vswitch repair writes them again")],
    data: { peers: rest.map(({ peer }) => peer) },
  };
}

/** What the kernel has of the rows that a network needs, each by its text. */
interface Held {
  readonly routes: ReadonlySet<string>;
  readonly rows: ReadonlySet<string>;
}

function heldOf(network: OverlayNetwork, scene: Scene): Held {
  const { name } = network.switch.tunnel;
  const routes = scene.host.routes.filter((route) => route.interface === name);
  return {
    routes: new Set(routes.map(({ destination }) => destination)),
    rows: new Set(rowsOf(scene, network, "self").map(({ mac, vtep }) => `${mac} ${vtep}`)),
  };
}

/** Whether the kernel has what it takes to reach the host. */
function marksOf(
  { vtep, mac, subnets, endpoints }: Peer,
  mode: OverlayMode,
  held: Held,
): readonly GraphMark[] {
  const lacks = (what: string): readonly GraphMark[] => [
    warning(what, "vswitch check names what differs, vswitch repair writes it again"),
  ];
  const isBehind = (one: string): boolean => held.rows.has(`${one} ${vtep}`);
  if (mode === "stretched")
    return endpoints.every((one) => isBehind(one.mac)) ? [] : lacks("rows of its containers missing");
  if (!subnets.every((subnet) => held.routes.has(networkOf(subnet)))) return lacks("no route there");
  return subnets.length === 0 || isBehind(mac) ? [] : lacks("row of its VTEP missing");
}
