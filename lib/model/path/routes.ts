/** Routing: the longest prefix wins, then the lowest metric, then the first. */
import { type Ip, ipFamily } from "../../addr/ip.ts";
import {
  contains,
  hostPrefix,
  networkOf,
  type Prefix,
  prefixAddress,
  prefixLength,
} from "../../addr/prefix.ts";
import type { Plan } from "../plan.ts";
import type { Scene, SceneRoute } from "../scene.ts";
import { addressCell, type Cell } from "./consulted.ts";
import { localTable, tables } from "./find.ts";
import { loopbacks } from "./groups.ts";

interface AnyRoute {
  readonly destination: Prefix;
  readonly priority: number;
}

/** How much of a destination decides which of the routes it takes. */
export function routeCell(routes: readonly AnyRoute[], destination: Ip): Cell {
  return addressCell(
    destination,
    routes.map((route) => route.destination),
  );
}

export function bestRoute<R extends AnyRoute>(routes: readonly R[], destination: Ip): R | undefined {
  let best: R | undefined;
  for (const route of routes) {
    if (!contains(route.destination, destination)) continue;
    if (best === undefined || isBetter(route, best)) best = route;
  }
  return best;
}

function isBetter(a: AnyRoute, b: AnyRoute): boolean {
  const [x, y] = [prefixLength(a.destination), prefixLength(b.destination)];
  return x > y || (x === y && a.priority < b.priority);
}

/** All routes of the host that count: those of the tables that are asked unless rules say otherwise. */
export function hostRoutes({ host }: Scene): readonly SceneRoute[] {
  const own = host.interfaces
    .filter(({ up }) => up)
    .flatMap(({ name, addresses }) => addresses.map((address) => localRoute(address, name)));
  const loopback = loopbacks.map((prefix) => ({ ...localRoute(prefix, "lo"), destination: prefix }));
  return [...own, ...loopback, ...host.routes.filter(({ table }) => tables.includes(table))];
}

/** An address of a link that is up is the host's, whether the scene lists the route or not. */
const localRoute = (address: Prefix, name: string): SceneRoute => ({
  destination: hostPrefix(prefixAddress(address)),
  interface: name,
  type: "local",
  priority: 0,
  table: localTable,
});

/** Table by table; a route of type `throw` sends on to the next. */
export function hostRoute(routes: readonly SceneRoute[], destination: Ip): SceneRoute | undefined {
  for (const table of tables) {
    const inTable = routes.filter((route) => route.table === table);
    const found = bestRoute(inTable, destination);
    if (found !== undefined && found.type !== "throw") return found;
  }
  return undefined;
}

/** A route as the compartment has it. */
export interface VnicRoute extends AnyRoute {
  readonly gateway?: Ip;
  readonly mtu?: number;
}

/** Metrics that the kernel gives when none is named: net/ipv4/fib_frontend.c, IP6_RT_PRIO_USER and _ADDRCONF. */
const unnamed = { 4: { link: 0, route: 0 }, 6: { link: 256, route: 1024 } } as const;

/** On-link subnets and the routes of the main table. */
export function vnicRoutes({ vnic }: Plan): readonly VnicRoute[] {
  const links = vnic.addresses.map((address): VnicRoute => {
    const destination = networkOf(address);
    return { destination, priority: unnamed[ipFamily(prefixAddress(address))].link };
  });
  const routes = vnic.routes
    .filter(({ table }) => table === undefined || table === 254)
    .map(({ destination, gateway, priority, mtu }): VnicRoute => {
      const metric = priority ?? unnamed[ipFamily(prefixAddress(destination))].route;
      return {
        destination,
        priority: metric,
        ...(gateway === undefined ? {} : { gateway }),
        ...(mtu === undefined ? {} : { mtu }),
      };
    });
  const linkLocal = vnic.addresses.some((address) => ipFamily(prefixAddress(address)) === 6)
    ? [{ destination: "fe80::/64" as Prefix, priority: 256 }]
    : [];
  return [...links, ...routes, ...linkLocal];
}
