/** Adding, deleting and asking for routes: RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE (linux/rtnetlink.h). */
import { type Family, familyBits, type Ip, ipBytes, ipFamily } from "../../addr/ip.ts";
import { type Prefix, prefixAddress, prefixLength } from "../../addr/prefix.ts";
import { bytes, nested, u32 } from "../attr.ts";
import { concat } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REPLACE, type Request } from "../message.ts";
import { AF_INET, addressFamily, familyNumber } from "./family.ts";
import {
  type RouteType,
  RT_TABLE_MAIN,
  RTA_DST,
  RTA_GATEWAY,
  RTA_METRICS,
  RTA_NH_ID,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_TABLE,
  RTAX_ADVMSS,
  RTAX_MTU,
  RTM_DELROUTE,
  RTM_F_LOOKUP_TABLE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTNH_F_ONLINK,
  RTPROT_VSWITCH,
  routeTypes,
  rtmsg,
} from "./rtmsg.ts";
import { type Scope, scopeNumber } from "./scope.ts";

export interface NewRoute {
  readonly dst: Prefix;
  /** Link it leads out of. */
  readonly index?: number;
  readonly gateway?: Ip;
  /** A next hop object in place of link and gateway; EINVAL when there is none of this number. */
  readonly nexthopId?: number;
  /** The gateway is on the link although no route says so. */
  readonly onlink?: boolean;
  /** By default "link" for IPv4 without a gateway, else "global", as `ip` has it. */
  readonly scope?: Scope;
  /** Lower is preferred. The kernel has 0 for IPv4 and 1024 for IPv6 by default. */
  readonly priority?: number;
  /** 254, main, by default. */
  readonly table?: number;
  /** Bytes. */
  readonly mtu?: number;
  /** Bytes of TCP payload that the other side is told. */
  readonly advmss?: number;
  /** RTPROT_VSWITCH by default. */
  readonly protocol?: number;
  /** Source address for what is sent from here. */
  readonly src?: Ip;
  /** "unicast" by default. */
  readonly type?: RouteType;
}

/** EEXIST when there is a route with the same destination, table and priority. */
export function addRoute(route: NewRoute): Request {
  return encodeNew("add", NLM_F_CREATE | NLM_F_EXCL, route);
}

/** Adds the route or takes the place of the one with the same destination, table and priority. */
export function replaceRoute(route: NewRoute): Request {
  return encodeNew("replace", NLM_F_CREATE | NLM_F_REPLACE, route);
}

/** Deletes the first route that has all that is named here. ESRCH when there is none. */
export function deleteRoute(route: NewRoute): Request {
  const { dst, table = RT_TABLE_MAIN, protocol = 0, type = "unspec" } = route;
  const header = rtmsg({
    family: addressFamily(prefixAddress(dst)),
    dstLength: prefixLength(dst),
    table,
    protocol,
    scope: scopeNumber(route.scope ?? "nowhere"),
    type: routeTypes[type],
    flags: route.onlink ? RTNH_F_ONLINK : 0,
  });
  return {
    title: `route del ${routeTitle(route)}`,
    type: RTM_DELROUTE,
    flags: 0,
    payload: concat([header, ...encodeAttrs(route)]),
  };
}

export interface RouteFilter {
  readonly family?: Family;
  readonly index?: number;
  readonly table?: number;
  readonly protocol?: number;
  readonly type?: RouteType;
}

/** All routes that pass the filter, which the kernel applies. ENOENT when there is no such table. */
export function dumpRoutes(filter: RouteFilter = {}): Request {
  const { family, index, table, protocol, type } = filter;
  const parts = [
    rtmsg({
      family: familyNumber(family),
      ...(protocol === undefined ? {} : { protocol }),
      ...(type === undefined ? {} : { type: routeTypes[type] }),
    }),
  ];
  if (table !== undefined) parts.push(u32(RTA_TABLE, table));
  if (index !== undefined) parts.push(u32(RTA_OIF, index));
  const words = [
    ` table ${table ?? "all"}`,
    index && ` dev index ${index}`,
    protocol && ` proto ${protocol}`,
    type && ` type ${type}`,
  ];
  return {
    title: `${family === 6 ? "-6 " : ""}route show${words.filter(Boolean).join("")}`,
    type: RTM_GETROUTE,
    flags: NLM_F_DUMP,
    payload: concat(parts),
  };
}

/** The way the kernel would send a packet from here: one route, or ENETUNREACH. */
export function getRoute(dst: Ip): Request {
  const bits = familyBits(ipFamily(dst));
  const header = rtmsg({ family: addressFamily(dst), dstLength: bits, flags: RTM_F_LOOKUP_TABLE });
  return {
    title: `route get ${dst}`,
    type: RTM_GETROUTE,
    flags: 0,
    payload: concat([header, bytes(RTA_DST, ipBytes(dst))]),
  };
}

function encodeNew(verb: string, flags: number, route: NewRoute): Request {
  const { dst, gateway, nexthopId, onlink, table = RT_TABLE_MAIN } = route;
  const { protocol = RTPROT_VSWITCH, type = "unicast" } = route;
  const family = addressFamily(prefixAddress(dst));
  const near = family === AF_INET && type === "unicast" && gateway === undefined && nexthopId === undefined;
  const header = rtmsg({
    family,
    dstLength: prefixLength(dst),
    table,
    protocol,
    scope: scopeNumber(route.scope ?? (near ? "link" : "global")),
    type: routeTypes[type],
    flags: onlink ? RTNH_F_ONLINK : 0,
  });
  return {
    get title() {
      return `route ${verb} ${routeTitle(route)}`;
    },
    type: RTM_NEWROUTE,
    flags,
    payload: concat([header, ...encodeAttrs(route)]),
  };
}

function encodeAttrs(route: NewRoute): Uint8Array[] {
  const { dst, index, gateway, nexthopId, priority, table = RT_TABLE_MAIN, mtu, advmss, src } = route;
  const parts: Uint8Array[] = [];
  if (prefixLength(dst) > 0) parts.push(bytes(RTA_DST, ipBytes(prefixAddress(dst))));
  if (gateway !== undefined) parts.push(bytes(RTA_GATEWAY, ipBytes(gateway)));
  if (nexthopId !== undefined) parts.push(u32(RTA_NH_ID, nexthopId));
  if (src !== undefined) parts.push(bytes(RTA_PREFSRC, ipBytes(src)));
  if (table > 0xff) parts.push(u32(RTA_TABLE, table));
  if (priority !== undefined) parts.push(u32(RTA_PRIORITY, priority));
  if (index !== undefined) parts.push(u32(RTA_OIF, index));
  const metrics: Uint8Array[] = [];
  if (mtu !== undefined) metrics.push(u32(RTAX_MTU, mtu));
  if (advmss !== undefined) metrics.push(u32(RTAX_ADVMSS, advmss));
  if (metrics.length > 0) parts.push(nested(RTA_METRICS, metrics));
  return parts;
}

function routeTitle(route: NewRoute): string {
  const { dst, index, gateway, nexthopId, onlink, priority, table, mtu, advmss, src, type } = route;
  const words = [
    type,
    prefixLength(dst) === 0 ? "default" : dst,
    gateway && `via ${gateway}`,
    nexthopId && `nhid ${nexthopId}`,
    index && `dev index ${index}`,
    onlink && "onlink",
    src && `src ${src}`,
    priority && `metric ${priority}`,
    table && `table ${table}`,
    mtu && `mtu ${mtu}`,
    advmss && `advmss ${advmss}`,
  ];
  return words.filter(Boolean).join(" ");
}
