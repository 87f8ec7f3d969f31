/** A route as the kernel tells of it: RTM_NEWROUTE (linux/rtnetlink.h). */
import { type Ip, ipFromBytes } from "../../addr/ip.ts";
import { defaultPrefix, type Prefix, prefixOf } from "../../addr/prefix.ts";
import { type Attr, decodeAttrs, findAttr, getNested, getU32 } from "../attr.ts";
import { align4, readU8, readU16, readU32 } from "../bytes.ts";
import type { Reply } from "../message.ts";
import { AF_INET6, getIp } from "./family.ts";
import {
  type RouteType,
  RTA_DST,
  RTA_GATEWAY,
  RTA_METRICS,
  RTA_MULTIPATH,
  RTA_NH_ID,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_TABLE,
  RTA_VIA,
  RTAX_ADVMSS,
  RTAX_MTU,
  RTMSG_LENGTH,
  RTNH_F_ONLINK,
  routeTypes,
} from "./rtmsg.ts";
import { type Scope, scopeName } from "./scope.ts";

export interface Nexthop {
  readonly index: number;
  readonly gateway: Ip | undefined;
}

export interface Route {
  readonly dst: Prefix;
  readonly type: RouteType;
  /** Undefined when there are several ways, or none. */
  readonly index: number | undefined;
  /** Of either family. */
  readonly gateway: Ip | undefined;
  /** All ways: one for most routes, several for multipath, none for blackhole and the like. */
  readonly nexthops: readonly Nexthop[];
  /** The next hop object by which it goes, see nexthop.ts; the ways above are what that one says. */
  readonly nexthopId: number | undefined;
  readonly onlink: boolean;
  readonly scope: Scope;
  readonly priority: number;
  readonly table: number;
  /** RTPROT_*. */
  readonly protocol: number;
  readonly src: Ip | undefined;
  readonly mtu: number | undefined;
  readonly advmss: number | undefined;
  readonly attrs: readonly Attr[];
}

/** @throws {RangeError} when the message is too short or an attribute it reads has a wrong length */
export function decodeRoute({ payload }: Reply): Route {
  const attrs = decodeAttrs(payload, RTMSG_LENGTH);
  const dst = getIp(attrs, RTA_DST);
  const nowhere = defaultPrefix(readU8(payload, 0) === AF_INET6 ? 6 : 4);
  const metrics = getNested(attrs, RTA_METRICS) ?? [];
  const index = getU32(attrs, RTA_OIF);
  const gateway = gatewayOf(attrs);
  const multipath = findAttr(attrs, RTA_MULTIPATH);
  return {
    dst: dst === undefined ? nowhere : prefixOf(dst, readU8(payload, 1)),
    type: typeName(readU8(payload, 7)),
    index,
    gateway,
    nexthops: multipath ? decodeNexthops(multipath) : index === undefined ? [] : [{ index, gateway }],
    nexthopId: getU32(attrs, RTA_NH_ID),
    onlink: (readU32(payload, 8) & RTNH_F_ONLINK) !== 0,
    scope: scopeName(readU8(payload, 6)),
    priority: getU32(attrs, RTA_PRIORITY) ?? 0,
    table: getU32(attrs, RTA_TABLE) ?? readU8(payload, 4),
    protocol: readU8(payload, 5),
    src: getIp(attrs, RTA_PREFSRC),
    mtu: getU32(metrics, RTAX_MTU),
    advmss: getU32(metrics, RTAX_ADVMSS),
    attrs,
  };
}

/** Kinds of route newer than this file count as "unspec". */
function typeName(number: number): RouteType {
  for (const [name, value] of Object.entries(routeTypes)) if (value === number) return name as RouteType;
  return "unspec";
}

/** struct rtnexthop: length, flags, hops, index; then attributes. */
function decodeNexthops(from: Uint8Array): readonly Nexthop[] {
  const nexthops: Nexthop[] = [];
  for (let at = 0; at + 8 <= from.length; ) {
    const length = readU16(from, at);
    if (length < 8 || at + length > from.length) throw new RangeError(`a next hop of ${length} bytes`);
    const gateway = gatewayOf(decodeAttrs(from.subarray(at, at + length), 8));
    nexthops.push({ index: readU32(from, at + 4), gateway });
    at += align4(length);
  }
  return nexthops;
}

/** RTA_VIA is a gateway of the other family: 2 bytes of family, then the address. */
function gatewayOf(attrs: readonly Attr[]): Ip | undefined {
  const via = findAttr(attrs, RTA_VIA);
  return getIp(attrs, RTA_GATEWAY) ?? (via && ipFromBytes(via.subarray(2)));
}
