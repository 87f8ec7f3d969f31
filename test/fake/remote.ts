/** Rows of the fake kernel by which other hosts are reached: forwarding rows, permanent neighbours, next hop objects. */
import type { Ip } from "../../lib/addr/ip.ts";
import { decodeAttrs, getU32 } from "../../lib/netlink/attr.ts";
import { readU32 } from "../../lib/netlink/bytes.ts";
import { isDump, NLM_F_APPEND, type Reply, type Request } from "../../lib/netlink/message.ts";
import type { Route } from "../../lib/netlink/route/decode-route.ts";
import { decodeFdb, type Fdb, type NewFdb, replaceFdb } from "../../lib/netlink/route/fdb.ts";
import { NDA_IFINDEX, NDMSG_LENGTH, RTM_DELNEIGH, RTM_NEWNEIGH } from "../../lib/netlink/route/ndmsg.ts";
import { addNeighbour, decodeNeighbour } from "../../lib/netlink/route/neighbour.ts";
import {
  decodeNexthop,
  RTM_DELNEXTHOP,
  RTM_NEWNEXTHOP,
  replaceNexthop,
} from "../../lib/netlink/route/nexthop.ts";
import { type FakeLink, Refusal, type Stack } from "./stack.ts";

export const nexthopTypes: readonly number[] = [RTM_NEWNEXTHOP, RTM_DELNEXTHOP, 106];
const everybody = "00:00:00:00:00:00";

function linkAt(stack: Stack, index: number): FakeLink {
  const link = stack.links.get(index);
  if (link === undefined) throw new Refusal("ENODEV");
  return link;
}

/** As rtnl_fdb_add of net/core/rtnetlink.c, vxlan_fdb_update and br_fdb_add. */
export function answerFdb(request: Request, stack: Stack): readonly Reply[] {
  if (isDump(request)) {
    const rows = stack.links.get(readU32(request.payload, 4))?.fdb ?? [];
    return rows.map((row) => ({ ...replaceFdb(row as NewFdb), flags: 0 }));
  }
  const row = decodeFdb({ ...request, flags: 0 });
  const link = linkAt(stack, row.index);
  if (row.on === "master" && link.master === undefined) throw new Refusal("EOPNOTSUPP");
  if (row.on === "self" && link.vxlan === undefined) throw new Refusal("EOPNOTSUPP");
  const all = link.fdb ?? [];
  const isOf = ({ mac, on }: Pick<Fdb, "mac" | "on">): boolean => mac === row.mac && on === row.on;
  const isEnd = (other: FakeFdb): boolean => isOf(other) && other.vtep === row.vtep;
  if (request.type === RTM_DELNEIGH) {
    if (!all.some(isOf)) throw new Refusal("ENOENT");
    link.fdb = all.filter((other) => (row.vtep === undefined ? !isOf(other) : !isEnd(other)));
    return [];
  }
  const { index, mac, on, state, vtep } = row;
  const added = { index, mac, on, state, ...(vtep === undefined ? {} : { vtep }) };
  const appends = (request.flags & NLM_F_APPEND) !== 0;
  if (mac === everybody && !appends && all.some(isOf)) throw new Refusal("EOPNOTSUPP");
  link.fdb = [...all.filter((other) => (appends ? !isEnd(other) : !isOf(other))), added];
  return [];
}

export type FakeFdb = Pick<Fdb, "index" | "mac" | "on" | "state"> & { readonly vtep?: Ip };

/** @returns undefined for what is not about permanent ones */
export function answerPermanent(request: Request, stack: Stack): readonly Reply[] | undefined {
  if (isDump(request)) {
    const asked = getU32(decodeAttrs(request.payload, NDMSG_LENGTH), NDA_IFINDEX);
    const links = [...stack.links.values()].filter(({ index }) => asked === undefined || index === asked);
    return links.flatMap(({ index, permanent = new Map() }) =>
      [...permanent].map(([address, row]) => ({
        ...addNeighbour({ index, address, ...row, state: "permanent" }),
        flags: 0,
      })),
    );
  }
  const { index, address, mac, state, protocol } = decodeNeighbour({ ...request, flags: 0 });
  const link = linkAt(stack, index);
  if (request.type === RTM_NEWNEIGH) {
    if (state !== "permanent" || mac === undefined) return undefined;
    if (!link.up) throw new Refusal("ENETDOWN");
    link.permanent = new Map(link.permanent).set(address, { mac, protocol: protocol ?? 0 });
    return [];
  }
  if (request.type !== RTM_DELNEIGH || !link.permanent?.has(address)) return undefined;
  link.permanent = new Map([...link.permanent].filter(([one]) => one !== address));
  return [];
}

/** As net/ipv4/nexthop.c: who deletes one deletes the routes that use it. */
export function answerNexthop(request: Request, stack: Stack): readonly Reply[] {
  if (isDump(request)) {
    const index = indexAsked(request);
    const all = [...stack.nexthops.values()].filter((one) => index === undefined || one.index === index);
    return all.map((one) => ({ ...replaceNexthop(one), flags: 0 }));
  }
  const { id, index, gateway, onlink, protocol } = decodeNexthop({ ...request, flags: 0 });
  if (request.type === RTM_DELNEXTHOP) {
    if (!stack.nexthops.delete(id)) throw new Refusal("ENOENT");
    dropRoutes(stack, ({ nexthopId }) => nexthopId === id);
    return [];
  }
  if (index === undefined || gateway === undefined) throw new Refusal("EINVAL");
  if (!linkAt(stack, index).up) throw new Refusal("ENETDOWN");
  stack.nexthops.set(id, { id, index, gateway, onlink, protocol });
  return [];
}

/** linux/nexthop.h: struct nhmsg, and NHA_OIF. */
const indexAsked = ({ payload }: Request): number | undefined => getU32(decodeAttrs(payload, 8), 5);

export function dropRoutes(stack: Stack, goes: (route: Route) => boolean): void {
  for (const { routes } of stack.links.values())
    routes.splice(0, routes.length, ...routes.filter((route) => !goes(route)));
}

/** Its permanent neighbours, its next hops and their routes go; its forwarding rows stay. */
export function downLink(stack: Stack, link: FakeLink): void {
  delete link.permanent;
  for (const { id, index } of [...stack.nexthops.values()])
    if (index === link.index) {
      stack.nexthops.delete(id);
      dropRoutes(stack, ({ nexthopId }) => nexthopId === id);
    }
}
