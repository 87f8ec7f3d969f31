/**
 * What the rows of an overlay network are since they were written last. By it a change of one host of thousands costs that
 * one, and what the kernel tells of rows is known for our own doing or for somebody else's.
 */
import type { Ip } from "../../addr/ip.ts";
import type { Mac } from "../../addr/mac.ts";
import type { Prefix } from "../../addr/prefix.ts";
import type { Peer } from "../../model/peer.ts";
import type { OverlaySwitch } from "../../model/switch.ts";
import { RTPROT_VSWITCH } from "../../netlink/route/rtmsg.ts";
import { newRoute } from "./diff-rows.ts";
import type { FoundRows, Links } from "./read-rows.ts";
import { everybody, type Rows } from "./rows.ts";
import { vtepElement } from "./tunnel-elements.ts";

export interface Reached {
  readonly links: Links;
  readonly vni: number;
  /** The switch that it was written for, as text. */
  readonly terms: string;
  readonly peers: Map<string, Peer>;
  /** Of next hop objects: of everybody's when all were read, and of ours since. */
  readonly taken: Set<number>;
  readonly ids: Map<Ip, number>;
  readonly gateways: Map<number, Ip>;
  readonly forwarding: Map<Mac, Ip>;
  readonly behind: Set<Mac>;
  readonly neighbours: Map<Ip, Mac>;
  readonly routes: Map<Prefix, Ip | undefined>;
  /** From whom packets are taken. */
  readonly vteps: Set<Ip>;
}

/** By networks. */
export type Memory = Map<string, Reached>;

/** What differs between what was written and what shall be: hosts that are the same are in neither. */
export interface Step {
  readonly before: readonly Peer[];
  readonly after: readonly Peer[];
}

/** With the rows of both. */
export interface StepOfRows extends Step {
  readonly rowsBefore: Rows;
  readonly rowsAfter: Rows;
}

/** @returns undefined when two hosts have one name: then all is to be looked at */
export function stepFrom({ peers: known }: Reached, peers: readonly Peer[]): Step | undefined {
  const next = new Map(peers.map((peer) => [peer.node, peer]));
  if (next.size !== peers.length) return undefined;
  const changed = peers.filter((peer) => !same(known.get(peer.node), peer));
  const before = changed.flatMap((peer) => known.get(peer.node) ?? []);
  const gone = [...known.values()].filter(({ node }) => !next.has(node));
  return { before: [...before, ...gone], after: changed };
}

const same = (a: Peer | undefined, b: Peer): boolean =>
  a === b || (a !== undefined && JSON.stringify(a) === JSON.stringify(b));

/** The rows of some hosts as the kernel has them, if nobody else has changed them. */
export function foundOf(reached: Reached, vswitch: OverlaySwitch, rows: Rows): FoundRows {
  const { links, ids, taken } = reached;
  const { tunnel: index, bridge } = links;
  const row = { index, external: false, attrs: [] } as const;
  const neighbourOn = vswitch.mode === "routed" ? index : bridge;
  return {
    fdb: [
      ...rows.forwarding.map(
        ({ mac, vtep }) =>
          ({ ...row, mac, vtep, on: "self", master: undefined, state: "permanent" }) as const,
      ),
      ...rows.behind.map(
        (mac) => ({ ...row, mac, vtep: undefined, on: "master", master: bridge, state: "noarp" }) as const,
      ),
    ],
    neighbours: rows.neighbours.map(({ address, mac }) => ({
      ...{ index: neighbourOn, address, mac, state: "permanent", proxy: false },
      ...{ protocol: RTPROT_VSWITCH, attrs: [] },
    })),
    nexthops: rows.nexthops.flatMap((gateway) => {
      const id = ids.get(gateway);
      return id === undefined
        ? []
        : [{ id, index, gateway, onlink: true, protocol: RTPROT_VSWITCH, attrs: [] }];
    }),
    routes: rows.routes.map((route) => {
      const { dst, type = "unicast", priority = 0, nexthopId, src, mtu } = newRoute(route, ids, vswitch.vni);
      return { dst, type, priority, nexthopId, src, mtu };
    }),
    vteps: rows.vteps.map((vtep) => vtepElement(vswitch, vtep)),
    taken,
  };
}

/** @param taken numbers of next hop objects that anybody has */
export function freshReached(links: Links, vswitch: OverlaySwitch, taken: Iterable<number>): Reached {
  return {
    ...{ links, vni: vswitch.vni, terms: JSON.stringify(vswitch), taken: new Set(taken) },
    ...{ peers: new Map(), ids: new Map(), gateways: new Map(), forwarding: new Map() },
    ...{ behind: new Set(), neighbours: new Map(), routes: new Map(), vteps: new Set() },
  };
}

/** Notes that a step was done. @param ids of the next hops of the hosts behind it */
export function note(
  reached: Reached,
  { before, after, rowsBefore: old, rowsAfter: rows }: StepOfRows,
  ids: ReadonlyMap<Ip, number>,
): void {
  for (const { node } of before) reached.peers.delete(node);
  for (const { mac } of old.forwarding) reached.forwarding.delete(mac);
  for (const mac of old.behind) reached.behind.delete(mac);
  for (const { address } of old.neighbours) reached.neighbours.delete(address);
  for (const { destination } of old.routes) reached.routes.delete(destination);
  for (const vtep of old.vteps) reached.vteps.delete(vtep);
  for (const peer of after) reached.peers.set(peer.node, peer);
  for (const { mac, vtep } of rows.forwarding) if (mac !== everybody) reached.forwarding.set(mac, vtep);
  for (const mac of rows.behind) reached.behind.add(mac);
  for (const { address, mac } of rows.neighbours) reached.neighbours.set(address, mac);
  for (const { destination, gateway } of rows.routes) reached.routes.set(destination, gateway);
  for (const vtep of rows.vteps) reached.vteps.add(vtep);
  const wanted = new Set(rows.nexthops);
  for (const gateway of old.nexthops.filter((one) => !wanted.has(one))) forget(reached, gateway);
  for (const [gateway, id] of ids) {
    reached.ids.set(gateway, id);
    reached.gateways.set(id, gateway);
    reached.taken.add(id);
  }
}

function forget({ ids, gateways, taken }: Reached, gateway: Ip): void {
  const id = ids.get(gateway);
  if (id === undefined) return;
  ids.delete(gateway);
  gateways.delete(id);
  taken.delete(id);
}
