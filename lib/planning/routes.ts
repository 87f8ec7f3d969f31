/** Routes of a vNIC: what the ipam gave, and default routes, behind those of networks that were there before. Pure. */
import { type Family, type Ip, ipFamily } from "../addr/ip.ts";
import { defaultPrefix, networkOf, prefixFamily, prefixLength } from "../addr/prefix.ts";
import type { ResultRoute } from "../cni/result.ts";
import type { DefaultRoute } from "../model/facts.ts";
import type { Route } from "../model/vnic.ts";

/** Lowest metric of our default route in a compartment that has one: the first network keeps the traffic. */
const furtherDefaultPriority = 1000;

export interface RouteInput {
  /** The ipam's. */
  readonly routes: readonly ResultRoute[];
  /** Of the vNIC's subnets. */
  readonly gateways: readonly Ip[];
  /** Default routes that the compartment has already. */
  readonly present: readonly DefaultRoute[];
}

/**
 * @param needsDefault whether a family shall get a default route by its gateway when the ipam's routes have none
 */
export function planRoutes(
  { routes: given, gateways, present }: RouteInput,
  needsDefault: (family: Family) => boolean,
): readonly Route[] {
  const routes = given.map((route) => behind(toRoute(route, gateways), present));
  for (const family of [4, 6] as const) {
    const gateway = gateways.find((address) => ipFamily(address) === family);
    const destination = defaultPrefix(family);
    const isThere = routes.some((route) => route.destination === destination);
    if (gateway === undefined || isThere || !needsDefault(family)) continue;
    routes.push(behind({ destination, gateway }, present));
  }
  return routes;
}

/** A default route without a metric of its own goes behind those that are there: two of one metric cannot be. */
function behind(route: Route, present: readonly DefaultRoute[]): Route {
  const { destination, priority, table } = route;
  if (prefixLength(destination) > 0 || priority !== undefined || table !== undefined) return route;
  const others = present.filter((other) => other.family === prefixFamily(destination));
  if (others.length === 0) return route;
  return {
    ...route,
    priority: Math.max(furtherDefaultPriority, ...others.map((other) => other.priority + 1)),
  };
}

/** CNI 1.1 result: a route without gateway uses that of its family, unless its scope says it is on the link. */
function toRoute(route: ResultRoute, gateways: readonly Ip[]): Route {
  const { dst, gw, ...metrics } = route;
  const onLink = route.scope !== undefined && route.scope >= 253;
  const gateway =
    gw ?? (onLink ? undefined : gateways.find((address) => ipFamily(address) === prefixFamily(dst)));
  return { destination: networkOf(dst), ...metrics, ...(gateway === undefined ? {} : { gateway }) };
}
