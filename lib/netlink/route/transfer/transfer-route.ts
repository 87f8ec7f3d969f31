/** Routes that move from one link to another with all they have (linux/rtnetlink.h). */
import type { Ip } from "../../../addr/ip.ts";
import { prefixLength } from "../../../addr/prefix.ts";
import { type Attr, findAttr } from "../../attr.ts";
import { align4, readU8, readU16, readU32, writeU32 } from "../../bytes.ts";
import { NLM_F_APPEND, NLM_F_CREATE, type Reply, type Request } from "../../message.ts";
import { decodeRoute, type Route } from "../decode-route.ts";
import {
  RTA_MULTIPATH,
  RTA_NH_ID,
  RTA_OIF,
  RTA_PRIORITY,
  RTM_DELROUTE,
  RTM_NEWROUTE,
  RTMSG_LENGTH,
  RTNH_F_ONLINK,
  RTPROT_KERNEL,
  RTPROT_RA,
} from "../rtmsg.ts";
import { decodeRecord, encodeRecord, number, type Parts, payloadOf, without } from "./record.ts";

const RTA_CACHEINFO = 12;
const RTA_EXPIRES = 23;
/** In struct rta_cacheinfo, in ticks of USER_HZ. */
const CACHEINFO_EXPIRES = 8;
const USER_HZ = 100;

const RTM_F_CLONED = 0x200;
const RTPROT_REDIRECT = 1;

/** Types that come and go with the addresses they are about. */
const ofAddresses = ["local", "broadcast", "anycast", "multicast"];

export interface RouteRecord {
  readonly title: string;
  readonly message: string;
  /** Those that must be reachable on the link when the route is made. */
  readonly gateways: readonly Ip[];
}

type Recorded = Pick<RouteRecord, "title" | "message">;

/** A route that the kernel makes again by itself, or that is no configuration at all. */
export function isDerived({ payload }: Reply, { protocol, type }: Route): boolean {
  if ((readU32(payload, 8) & RTM_F_CLONED) !== 0 || protocol === RTPROT_REDIRECT) return true;
  return protocol === RTPROT_KERNEL && ofAddresses.includes(type);
}

/**
 * A router's advertisement renews the kernel's own route to it, which no request can make. One of the same metric in its
 * place would even have the rest of the advertisement ignored: so the one that moves steps aside by one, serves until the
 * router speaks again, and ends with its time.
 *
 * @param learntMetric of the routes that the kernel makes of advertisements
 */
export function recordRoute(reply: Reply, index: number, learntMetric: number): RouteRecord {
  const route = decodeRoute(reply);
  const { attrs, protocol, dst, priority } = route;
  const header = reply.payload.slice(0, RTMSG_LENGTH);
  writeU32(header, 8, readU32(header, 8) & RTNH_F_ONLINK);
  const aside = protocol === RTPROT_RA && prefixLength(dst) === 0 && priority === learntMetric;
  const kept = attrs
    .filter(({ type }) => type !== RTA_CACHEINFO && type !== RTA_NH_ID)
    .map((attr) =>
      withNexthops(aside && attr.type === RTA_PRIORITY ? number(attr.type, priority + 1) : attr, [index, 0]),
    )
    .map((attr) => (attr.type === RTA_OIF && readU32(attr.bytes, 0) === index ? number(RTA_OIF, 0) : attr));
  const expires = expiresS(attrs);
  const all = expires === undefined ? kept : [...kept, number(RTA_EXPIRES, expires)];
  const gateways = route.onlink ? [] : route.nexthops.flatMap((hop) => hop.gateway ?? []);
  return {
    gateways: gateways.filter((gateway) => !gateway.startsWith("fe80:")),
    title: routeTitle(route, aside ? priority + 1 : priority),
    message: encodeRecord({ header, attrs: all }),
  };
}

function expiresS(attrs: readonly Attr[]): number | undefined {
  const info = findAttr(attrs, RTA_CACHEINFO);
  if (info === undefined || info.length < CACHEINFO_EXPIRES + 4) return undefined;
  const ticks = readU32(info, CACHEINFO_EXPIRES) | 0;
  return ticks > 0 ? Math.ceil(ticks / USER_HZ) : undefined;
}

function routeTitle({ dst, gateway, nexthops, src, table, type }: Route, priority: number): string {
  const ways: readonly (Ip | undefined)[] =
    nexthops.length > 1 ? nexthops.map((hop) => hop.gateway) : [gateway];
  const words = [
    type === "unicast" ? "" : `${type} `,
    prefixLength(dst) === 0 ? "default" : dst,
    ...ways.map((way) => way && ` via ${way}`),
    src && ` src ${src}`,
    table !== 254 && ` table ${table}`,
    priority !== 0 && ` metric ${priority}`,
  ];
  return words.filter(Boolean).join("");
}

/** Beside others of the same destination and metric, behind them. EEXIST when it is there already. */
export function addRecordedRoute(record: Recorded, index: number): Request {
  return request("append", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, record, index);
}

/** ESRCH when it is not there. */
export function deleteRecordedRoute(record: Recorded, index: number): Request {
  return request("del", RTM_DELROUTE, 0, record, index);
}

function request(verb: string, type: number, flags: number, record: Recorded, index: number): Request {
  const { header, attrs } = decodeRecord(record.message, RTMSG_LENGTH);
  const onto = attrs
    .map((attr) => withNexthops(attr, [0, index]))
    .map((attr) => (attr.type === RTA_OIF && readU32(attr.bytes, 0) === 0 ? number(RTA_OIF, index) : attr));
  // The one that steps aside has another metric where it comes from.
  const aside = readU8(header, 5) === RTPROT_RA && readU8(header, 1) === 0 ? [RTA_PRIORITY] : [];
  const parts: Parts = {
    header,
    attrs: type === RTM_DELROUTE ? without(onto, RTA_EXPIRES, ...aside) : onto,
  };
  return {
    title: `route ${verb} ${record.title} dev index ${index}`,
    type,
    flags,
    payload: payloadOf(parts),
  };
}

/** struct rtnexthop: length, flags, hops, index; then attributes. Of its flags only "onlink" is a wish. */
function withNexthops(attr: Attr, [from, to]: readonly [number, number]): Attr {
  if (attr.type !== RTA_MULTIPATH) return attr;
  const bytes = attr.bytes.slice();
  for (let at = 0; at + 8 <= bytes.length; at += Math.max(8, align4(readU16(bytes, at)))) {
    bytes[at + 2] = readU8(bytes, at + 2) & RTNH_F_ONLINK;
    if (readU32(bytes, at + 4) === from) writeU32(bytes, at + 4, to);
  }
  return { type: attr.type, bytes };
}
