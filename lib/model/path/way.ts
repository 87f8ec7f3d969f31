/** The way that the host's routes have for a destination. */
import { type Family, type Ip, ipFamily } from "../../addr/ip.ts";
import { type Prefix, prefixFamily, networkOf as subnetOf } from "../../addr/prefix.ts";
import type { Scene, SceneRoute } from "../scene.ts";
import { kernel } from "./find.ts";
import { type Fault, switchFault, tunnelFault } from "./link.ts";
import {
  byDirectory,
  directoryWords,
  type OverlayNetwork,
  overlayNetworks,
  peersOf,
  peerWith,
  routedTunnel,
} from "./remote.ts";
import { hostRoute, hostRoutes } from "./routes.ts";
import type { Writer } from "./trace.ts";
import type { Walk } from "./walk.ts";

export type Way =
  /** The host itself; the table of local routes says so of broadcasts, too. */
  | { readonly kind: "local"; readonly text: string }
  | {
      readonly kind: "via";
      readonly interface: string;
      readonly nextHop: Ip;
      readonly text: string;
      /** From which the host itself sends by it, and the longest packet in bytes, where the route says so. */
      readonly source?: Ip;
      readonly mtu?: number;
    }
  | { readonly kind: "none"; readonly text: string }
  /** `blackhole`, `unreachable`, `prohibit` ... */
  | { readonly kind: "forbidden"; readonly type: string; readonly text: string; readonly to: Prefix }
  /** A route that the scene does not tell all of. */
  | { readonly kind: "unclear"; readonly text: string };

const toHost: readonly string[] = ["local", "broadcast", "anycast"];

export function wayTo(scene: Scene, destination: Ip): Way {
  return wayBy(hostRoutes(scene), destination);
}

/** Out of one link alone: what IPv4 has no route for there, it takes for a neighbour (ip_route_output_key_hash_rcu). */
export function wayOut(scene: Scene, name: string, destination: Ip): Way {
  const all = hostRoutes(scene);
  const local = hostRoute(all, destination);
  if (local !== undefined && toHost.includes(local.type)) return { kind: "local", text: formatWay(local) };
  const way = wayBy(
    all.filter((route) => route.interface === name),
    destination,
  );
  if (way.kind !== "none" || ipFamily(destination) === 6) return way;
  return { kind: "via", interface: name, nextHop: destination, text: `no route: a neighbour on ${name}` };
}

function wayBy(routes: readonly SceneRoute[], destination: Ip): Way {
  const route = hostRoute(routes, destination);
  if (route === undefined) return { kind: "none", text: "no route" };
  const text = formatWay(route);
  if (toHost.includes(route.type)) return { kind: "local", text };
  if (route.type !== "unicast") return { kind: "forbidden", type: route.type, text, to: route.destination };
  if (route.interface === undefined) return { kind: "unclear", text };
  const { source, mtu } = route;
  return {
    kind: "via",
    interface: route.interface,
    nextHop: route.gateway ?? destination,
    text,
    ...(source === undefined ? {} : { source }),
    ...(mtu === undefined ? {} : { mtu }),
  };
}

/** What of a way a packet takes along. */
export const leaving = (
  way: Extract<Way, { readonly kind: "local" | "via" }>,
): Pick<Walk, "out" | "nextHop" | "routeMtu"> =>
  way.kind === "local" ? { out: "lo" } : { out: way.interface, nextHop: way.nextHop, routeMtu: way.mtu };

/** Who wrote a route that leads out by the interface. */
export function writerOf(scene: Scene, name: string): Writer {
  const network = routedTunnel(scene, name);
  return network === undefined ? kernel : byDirectory(network);
}

/** In the words of `ip route`. */
function formatWay({ destination, type, gateway, interface: name, priority }: SceneRoute): string {
  const parts = [...(type === "unicast" ? [] : [type]), destination];
  if (gateway !== undefined) parts.push("via", gateway);
  if (name !== undefined) parts.push("dev", name);
  if (priority > 0) parts.push("metric", `${priority}`);
  return parts.join(" ");
}

/** Why a packet ends where the host has no way for it. */
export function noWay(
  scene: Scene,
  way: Extract<Way, { readonly kind: "none" | "forbidden" }>,
  destination: Ip,
): Fault {
  const network = overlayNetworks(scene).find((one) => keepsWithin(one, way));
  if (network !== undefined) return unreached(scene, network, destination);
  const ip = ipFamily(destination) === 6 ? "ip -6" : "ip";
  if (way.kind === "none")
    return {
      reason: "no-route",
      by: `the host has no route to ${destination}`,
      remedy: `\`${ip} route add\` one, or a default route; the uplink may have lost its own.`,
    };
  return {
    reason: "route-forbids",
    by: `route ${way.text}`,
    remedy: `Somebody wants it so: \`${ip} route del ${way.text}\` takes the route away.`,
  };
}

/** A route of ours, by which what nobody of the network has leaves by no other way. */
const keepsWithin = ({ switch: { cidrs } }: OverlayNetwork, way: Way): boolean =>
  way.kind === "forbidden" && way.type === "unreachable" && cidrs.includes(way.to);

/** Why an address of an overlay network is not reached. */
function unreached(scene: Scene, network: OverlayNetwork, address: Ip): Fault {
  const fault = switchFault(scene, network) ?? tunnelFault(scene, network);
  if (fault !== undefined) return fault;
  const { name } = network;
  const peer = peerWith(network, address);
  if (peer !== undefined)
    return {
      reason: "no-route",
      by: `${directoryWords(network)} says that ${peer.node} has ${address}, and the host has no route there`,
      remedy: `\`vswitch repair\` writes the routes to the other hosts of network ${name} again.`,
    };
  return {
    reason: "no-peer",
    by: `no host of network ${name} has ${address}: ${whoHasWords(network, ipFamily(address))}`,
    remedy: `Look at \`vswitch show\` on the host that should have it, and at what ${directoryWords(network)} says.`,
  };
}

/** As many as one reads. */
const mostNamed = 4;

function whoHasWords(network: OverlayNetwork, family: Family): string {
  const listed = (prefixes: readonly Prefix[]): string =>
    prefixes
      .filter((one) => prefixFamily(one) === family)
      .map(subnetOf)
      .join(", ");
  const own = listed(network.switch.gateways);
  const peers = peersOf(network).map(({ node, subnets }) => `${node} ${listed(subnets) || "nothing"}`);
  const more = peers.length - mostNamed;
  return [
    `this host has ${own || "nothing"}`,
    ...peers.slice(0, mostNamed),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join("; ");
}
