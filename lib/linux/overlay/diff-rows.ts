/** What must be written and deleted so that other hosts are reached as a directory says. Pure. */
import { type Ip, ipFamily } from "../../addr/ip.ts";
import type { Mac } from "../../addr/mac.ts";
import { prefixFamily } from "../../addr/prefix.ts";
import type { OverlaySwitch } from "../../model/switch.ts";
import type { Request } from "../../netlink/message.ts";
import { appendFdb, deleteFdb, replaceFdb } from "../../netlink/route/fdb.ts";
import { deleteNeighbour, replaceNeighbour } from "../../netlink/route/neighbour.ts";
import { deleteNexthop, replaceNexthop } from "../../netlink/route/nexthop.ts";
import { deleteRoute, type NewRoute, replaceRoute } from "../../netlink/route/route.ts";
import { RTPROT_VSWITCH } from "../../netlink/route/rtmsg.ts";
import type { LayoutElement } from "../layout/element.ts";
import { nexthopIds } from "./nexthop-ids.ts";
import { type FoundRoute, type FoundRows, type Links, lastResort } from "./read-rows.ts";
import { everybody, type RemoteRoute, type Rows } from "./rows.ts";
import { vtepElement } from "./tunnel-elements.ts";

/** In the order in which it is done: who has moved is reached anew before anything goes. */
export interface RowChanges {
  /** Before the routes that use them, and before packets come. */
  readonly accept: readonly LayoutElement[];
  readonly write: readonly Request[];
  readonly remove: readonly Request[];
  readonly refuse: readonly LayoutElement[];
  /** Numbers of the wanted next hops. */
  readonly ids: ReadonlyMap<Ip, number>;
}

/** Behind routes of the host's own to the same prefix, and before any that is wider. */
const metric = 100;

export function diffRows(vswitch: OverlaySwitch, links: Links, wanted: Rows, found: FoundRows): RowChanges {
  const neighbours = diffNeighbours(vswitch, links, wanted, found);
  const fdb = diffForwarding(links, wanted, found);
  const { nexthops, routes, ids } = diffRoutes(vswitch, links, wanted, found);
  const vteps = diffVteps(vswitch, wanted, found);
  return {
    accept: vteps.write,
    write: [...neighbours.write, ...fdb.write, ...nexthops.write, ...routes.write],
    remove: [...routes.remove, ...nexthops.remove, ...fdb.remove, ...neighbours.remove],
    refuse: vteps.remove,
    ids,
  };
}

interface Changes<T> {
  readonly write: readonly T[];
  readonly remove: readonly T[];
}

function diffNeighbours(
  { mode }: OverlaySwitch,
  { tunnel, bridge }: Links,
  { neighbours }: Rows,
  found: FoundRows,
): Changes<Request> {
  const index = mode === "routed" ? tunnel : bridge;
  const held = new Map(found.neighbours.map((row) => [row.address, row]));
  const wanted = new Set(neighbours.map(({ address }) => address));
  return {
    write: neighbours
      .filter(({ address, mac }) => {
        const row = held.get(address);
        return row?.mac !== mac || row.state !== "permanent";
      })
      .map((row) => replaceNeighbour({ index, ...row, protocol: RTPROT_VSWITCH })),
    remove: found.neighbours
      .filter(({ address, protocol }) => protocol === RTPROT_VSWITCH && !wanted.has(address))
      .map(({ address }) => deleteNeighbour(index, address)),
  };
}

/** On a tunnel all rows are ours, save those of somebody's routing daemon; on the bridge those that are held fast. */
function diffForwarding(
  { tunnel }: Links,
  { forwarding, behind }: Rows,
  { fdb }: FoundRows,
): Changes<Request> {
  const ours = fdb.filter(({ external }) => !external);
  const own = ours.filter(({ on }) => on === "self");
  const onBridge = ours.filter(({ on, state }) => on === "master" && state === "noarp");
  const keyOf = ({ mac, vtep }: { readonly mac: Mac; readonly vtep?: Ip | undefined }): string =>
    `${mac} ${vtep}`;
  const held = new Set(own.filter(({ state }) => state === "permanent").map(keyOf));
  const wanted = new Set(forwarding.map(keyOf));
  const macs = new Set(forwarding.map(({ mac }) => mac));
  const heldMacs = new Set(onBridge.map(({ mac }) => mac));
  const wantedMacs = new Set(behind);
  return {
    write: [
      ...forwarding
        .filter((row) => !held.has(keyOf(row)))
        .map((row) => {
          const whole = { index: tunnel, ...row, on: "self", state: "permanent" } as const;
          return row.mac === everybody ? appendFdb(whole) : replaceFdb(whole);
        }),
      ...behind
        .filter((mac) => !heldMacs.has(mac))
        .map((mac) => replaceFdb({ index: tunnel, mac, on: "master", state: "noarp" })),
    ],
    remove: [
      ...own
        // Another end of a MAC was replaced by the wanted one.
        .filter((row) => !wanted.has(keyOf(row)) && (row.mac === everybody || !macs.has(row.mac)))
        .map(({ mac, vtep }) =>
          deleteFdb({ index: tunnel, mac, on: "self", ...(vtep === undefined ? {} : { vtep }) }),
        ),
      ...onBridge
        .filter(({ mac }) => !wantedMacs.has(mac))
        .map(({ mac }) => deleteFdb({ index: tunnel, mac, on: "master" })),
    ],
  };
}

function diffRoutes(
  { vni, mtu }: OverlaySwitch,
  { tunnel }: Links,
  wanted: Rows,
  found: FoundRows,
): {
  readonly nexthops: Changes<Request>;
  readonly routes: Changes<Request>;
  readonly ids: ReadonlyMap<Ip, number>;
} {
  const ids = nexthopIds(wanted.nexthops, found, tunnel, vni);
  const kept = new Set(ids.values());
  const ours = found.nexthops.filter(
    ({ index, protocol }) => index === tunnel && protocol === RTPROT_VSWITCH,
  );
  const held = new Set(ours.map(({ id }) => id));
  const toRoute = (route: RemoteRoute): NewRoute => newRoute(route, ids, vni);
  const routes = wanted.routes.map(toRoute);
  const there = new Map(found.routes.map((route) => [routeKey(route.dst, route.priority), route]));
  const keys = new Set(routes.map((route) => routeKey(route.dst, route.priority ?? 0)));
  return {
    ids,
    nexthops: {
      write: [...ids]
        .filter(([, id]) => !held.has(id))
        .map(([gateway, id]) => replaceNexthop({ id, index: tunnel, gateway, onlink: true })),
      remove: ours.filter(({ id }) => !kept.has(id)).map(({ id }) => deleteNexthop(id)),
    },
    routes: {
      write: routes.flatMap((route) => {
        const found = there.get(routeKey(route.dst, route.priority ?? 0));
        return sameRoute(route, found, mtu) ? [] : [replaceRoute(overwriting(route, found, mtu))];
      }),
      remove: found.routes
        .filter((route) => !keys.has(routeKey(route.dst, route.priority)))
        .map(({ dst, priority, type }) => deleteRoute({ dst, priority, type, protocol: RTPROT_VSWITCH })),
    },
  };
}

/** @param ids of next hops, by their addresses */
export function newRoute(
  { destination, gateway, source, mtu }: RemoteRoute,
  ids: ReadonlyMap<string, number>,
  vni: number,
): NewRoute {
  if (gateway === undefined) return { dst: destination, type: "unreachable", priority: lastResort(vni) };
  const nexthopId = ids.get(gateway);
  return {
    dst: destination,
    priority: metric,
    ...(nexthopId === undefined ? {} : { nexthopId }),
    ...(source === undefined || ipFamily(source) !== prefixFamily(destination) ? {} : { src: source }),
    ...(mtu === undefined ? {} : { mtu }),
  };
}

/** Whether it is one of those that this file makes, by what tells it from other routes to the same prefix. */
export const isPeerRoute = ({ priority }: Pick<FoundRoute, "priority">, vni: number): boolean =>
  priority === metric || priority === lastResort(vni);

const routeKey = (dst: string, priority: number): string => `${dst} ${priority}`;

/** @param mtu of the switch, which a route without one has */
function sameRoute(wanted: NewRoute, found: FoundRoute | undefined, mtu: number): boolean {
  if (found === undefined) return false;
  if (wanted.type === "unreachable") return found.type === "unreachable";
  const sameMtu = (wanted.mtu ?? mtu) === (found.mtu ?? mtu);
  return found.nexthopId === wanted.nexthopId && found.src === wanted.src && sameMtu;
}

/**
 * The kernel takes an IPv4 route by a next hop object, without metrics, for one that is the same but for its metrics, and
 * leaves these as they are (fib_find_info_nh, up to 6.18 at least).
 */
function overwriting(wanted: NewRoute, found: FoundRoute | undefined, mtu: number): NewRoute {
  return wanted.mtu === undefined && found?.mtu !== undefined ? { ...wanted, mtu } : wanted;
}

function diffVteps(vswitch: OverlaySwitch, { vteps }: Rows, found: FoundRows): Changes<LayoutElement> {
  const elements = vteps.map((vtep) => vtepElement(vswitch, vtep));
  const keyOf = ({ set, key }: LayoutElement): string => `${set} ${key.join(" ")}`;
  const [wanted, held] = [new Set(elements.map(keyOf)), new Set(found.vteps.map(keyOf))];
  return {
    write: elements.filter((element) => !held.has(keyOf(element))),
    remove: found.vteps.filter((element) => !wanted.has(keyOf(element))),
  };
}
