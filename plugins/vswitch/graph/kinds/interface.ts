/** The host's own interfaces: its uplinks, and whatever else of it has an address. Switches and ports are not among them. */
import { isLoopback } from "../../../../lib/addr/ip.ts";
import { prefixAddress } from "../../../../lib/addr/prefix.ts";
import type { Scene, SceneInterface } from "../../../../lib/model/scene.ts";
import { detail, type GraphEdge, type GraphNode, line, warning } from "../graph.ts";
import type { Kind } from "../kind.ts";
import { hostId } from "./host.ts";
import { defaultRoutes, outsideId } from "./outside.ts";

export const interfaceKind: Kind = {
  layer: "border",
  dot: "box",
  mermaid: ["[", "]"],
  part: (scene) => {
    const shown = shownInterfaces(scene);
    return { nodes: shown.map(nodeOf), edges: shown.flatMap((one) => edgesOf(one, scene)) };
  },
};

const interfaceId = (name: string): string => `interface ${name}`;

/** Those with a way to the outside first, then by name. */
function shownInterfaces({ host, networks, endpoints }: Scene): readonly SceneInterface[] {
  const ours = new Set([
    ...networks.map((network) => network.switch.name),
    ...endpoints.flatMap(({ port, switch: { name } }) => [port.name, name]),
  ]);
  const rank = (one: SceneInterface): number => {
    const place = uplinksOf(host).indexOf(one.name);
    if (place >= 0) return place;
    return leadsOut(one) ? 1000 : 2000;
  };
  return host.interfaces
    .filter((one) => !ours.has(one.name) && (hasAddress(one) || uplinksOf(host).includes(one.name)))
    .toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

const uplinksOf = (host: Scene["host"]): readonly string[] => [
  ...new Set(defaultRoutes(host).flatMap((route) => route.interface ?? [])),
];

/** Loopback and link-local addresses are on every host and tell nothing. */
function hasAddress({ addresses }: SceneInterface): boolean {
  return addresses.some((address) => !isLoopback(prefixAddress(address)) && !address.startsWith("fe80:"));
}

/** Hardware has no kind, and the others of these stand on hardware. A bridge or veth leads to something on this host. */
const leadsOut = ({ kind }: SceneInterface): boolean =>
  kind === undefined || ["vlan", "bond", "team", "macvlan", "ipvlan"].includes(kind);

function nodeOf(one: SceneInterface): GraphNode {
  const { name, kind, addresses, mtu, mac, up } = one;
  return {
    id: interfaceId(name),
    kind: "interface",
    parent: hostId,
    name,
    lines: [
      ...addresses.filter((address) => !address.startsWith("fe80:")).map((address) => line(address)),
      detail([kind, `MTU ${mtu}`, mac].filter((part) => part !== undefined).join(", ")),
    ],
    marks: up ? [] : [warning("down", "the interface is switched off")],
    data: one,
  };
}

function edgesOf(one: SceneInterface, { host }: Scene): readonly GraphEdge[] {
  const id = interfaceId(one.name);
  const out = leadsOut(one) || uplinksOf(host).includes(one.name);
  return [
    ...(out ? [{ kind: "cable", from: outsideId, to: id } as const] : []),
    { kind: "cable", from: id, to: hostId },
  ];
}
