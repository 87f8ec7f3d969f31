/** The way that the host's routes have for a destination. */
import { type Ip, ipFamily } from "../../addr/ip.ts";
import type { Scene, SceneRoute } from "../scene.ts";
import type { Fault } from "./link.ts";
import { hostRoute, hostRoutes } from "./routes.ts";

export type Way =
  /** The host itself; the table of local routes says so of broadcasts, too. */
  | { readonly kind: "local"; readonly text: string }
  | { readonly kind: "via"; readonly interface: string; readonly nextHop: Ip; readonly text: string }
  | { readonly kind: "none"; readonly text: string }
  /** `blackhole`, `unreachable`, `prohibit` ... */
  | { readonly kind: "forbidden"; readonly type: string; readonly text: string }
  /** A route that the scene does not tell all of. */
  | { readonly kind: "unclear"; readonly text: string };

const toHost: readonly string[] = ["local", "broadcast", "anycast"];

export function wayTo(scene: Scene, destination: Ip): Way {
  const route = hostRoute(hostRoutes(scene), destination);
  if (route === undefined) return { kind: "none", text: "no route" };
  const text = formatWay(route);
  if (toHost.includes(route.type)) return { kind: "local", text };
  if (route.type !== "unicast") return { kind: "forbidden", type: route.type, text };
  if (route.interface === undefined) return { kind: "unclear", text };
  return { kind: "via", interface: route.interface, nextHop: route.gateway ?? destination, text };
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
export function noWay(way: Extract<Way, { readonly kind: "none" | "forbidden" }>, destination: Ip): Fault {
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
