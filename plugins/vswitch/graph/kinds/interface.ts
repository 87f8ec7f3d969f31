/** The host's own interfaces: its uplinks, and whatever else of it has an address. Switches and ports are not among them. */
import { isLoopback } from "../../../../lib/addr/ip.ts";
import { prefixAddress } from "../../../../lib/addr/prefix.ts";
import type { Scene, SceneInterface } from "../../../../lib/model/scene.ts";
import { isExternal, isOverlay, isStacked, type Switch } from "../../../../lib/model/switch.ts";
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

export const interfaceId = (name: string): string => `interface ${name}`;

/** Those with a way to the outside first, then by name. */
function shownInterfaces(scene: Scene): readonly SceneInterface[] {
  const { host, networks, endpoints } = scene;
  const ours = new Set([
    ...[...networks, ...endpoints].flatMap((one) => ownLinks(one.switch)),
    ...endpoints.map(({ port }) => port.name),
  ]);
  const uplinks = allUplinks(scene);
  const rank = (one: SceneInterface): number => {
    const place = uplinks.indexOf(one.name);
    if (place >= 0) return place;
    return leadsOut(one) ? 1000 : 2000;
  };
  return host.interfaces
    .filter((one) => !ours.has(one.name) && (hasAddress(one) || uplinks.includes(one.name)))
    .toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

const uplinksOf = (host: Scene["host"]): readonly string[] => [
  ...new Set(defaultRoutes(host).flatMap((route) => route.interface ?? [])),
];

/** Of those by which the host sends, then those of external switches and of tunnels. */
const allUplinks = ({ host, networks }: Scene): readonly string[] => [
  ...new Set([
    ...uplinksOf(host),
    ...networks.flatMap(({ switch: one }) => {
      if (isOverlay(one)) return [one.tunnel.uplink];
      return isExternal(one) ? [one.uplink] : [];
    }),
  ]),
];

/** What is drawn as the switch itself, or on it: its bridge and tunnel; a VLAN of its uplink, and the host's adapter there. */
function ownLinks(vswitch: Switch): readonly string[] {
  if (isOverlay(vswitch)) return [vswitch.name, vswitch.tunnel.name];
  if (!isStacked(vswitch)) return [vswitch.name];
  const { lower, uplink, host } = vswitch;
  return [...(lower === uplink ? [] : [lower]), ...(host === undefined ? [] : [host.name])];
}

/** Loopback and link-local addresses are on every host and tell nothing. */
function hasAddress({ addresses }: SceneInterface): boolean {
  return addresses.some((address) => !isLoopback(prefixAddress(address)) && !address.startsWith("fe80:"));
}

/** Hardware has no kind, and the others of these stand on hardware. A bridge or veth leads to something on this host. */
const leadsOut = ({ kind }: SceneInterface): boolean =>
  kind === undefined || ["vlan", "bond", "team", "macvlan", "ipvlan"].includes(kind);

function nodeOf(one: SceneInterface): GraphNode {
  const { name, kind, addresses, mtu, mac, up, carrier } = one;
  return {
    id: interfaceId(name),
    kind: "interface",
    parent: hostId,
    name,
    lines: [
      ...addresses.filter((address) => !address.startsWith("fe80:")).map((address) => line(address)),
      detail([kind, `MTU ${mtu}`, mac].filter((part) => part !== undefined).join(", ")),
    ],
    marks: up
      ? carrier === false && kind !== "bridge"
        ? [warning("no carrier", "nothing answers at the other end of its cable")]
        : []
      : [warning("down", "the interface is switched off")],
    data: one,
  };
}

function edgesOf(one: SceneInterface, scene: Scene): readonly GraphEdge[] {
  const id = interfaceId(one.name);
  const out = leadsOut(one) || allUplinks(scene).includes(one.name);
  return [
    ...(out ? [{ kind: "cable", from: outsideId, to: id } as const] : []),
    { kind: "cable", from: id, to: hostId },
  ];
}
