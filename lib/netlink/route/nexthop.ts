/** Next hop objects, ways that many routes share: RTM_NEWNEXTHOP and the like (linux/nexthop.h). Since Linux 5.3. */
import { type Ip, ipBytes } from "../../addr/ip.ts";
import { type Attr, bytes, decodeAttrs, getU32, u32 } from "../attr.ts";
import { concat, readU8, readU32, writeU32 } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, type Reply, type Request } from "../message.ts";
import { AF_UNSPEC, addressFamily, getIp } from "./family.ts";
import { RTNH_F_ONLINK, RTPROT_VSWITCH } from "./rtmsg.ts";

export const RTM_NEWNEXTHOP = 104;
export const RTM_DELNEXTHOP = 105;
const RTM_GETNEXTHOP = 106;
const NHMSG_LENGTH = 8;

const NHA_ID = 1;
const NHA_OIF = 5;
const NHA_GATEWAY = 6;

export interface NewNexthop {
  /** One number space for the whole namespace; 0 is not a number. */
  readonly id: number;
  /** Of the link, which must be up: ENETDOWN. */
  readonly index: number;
  /** An IPv6 one serves routes of both families, an IPv4 one those of IPv4. */
  readonly gateway: Ip;
  /** The gateway is on the link although no route says so. */
  readonly onlink?: boolean;
  /** RTPROT_VSWITCH by default. */
  readonly protocol?: number;
}

/**
 * Adds the object or changes the one of this number; routes that use it follow. Thousands of unchanged ones take the kernel
 * long: ask first. EOPNOTSUPP on kernels without.
 */
export function replaceNexthop({ id, index, gateway, onlink, protocol }: NewNexthop): Request {
  const header = nhmsg(addressFamily(gateway), protocol ?? RTPROT_VSWITCH, onlink ? RTNH_F_ONLINK : 0);
  return {
    get title() {
      return `nexthop replace id ${id} via ${gateway} dev index ${index}${onlink ? " onlink" : ""}`;
    },
    type: RTM_NEWNEXTHOP,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    payload: concat([header, u32(NHA_ID, id), bytes(NHA_GATEWAY, ipBytes(gateway)), u32(NHA_OIF, index)]),
  };
}

/** Takes all routes with it that use it. ENOENT when there is none. */
export function deleteNexthop(id: number): Request {
  return {
    title: `nexthop del id ${id}`,
    type: RTM_DELNEXTHOP,
    flags: 0,
    payload: concat([nhmsg(AF_UNSPEC), u32(NHA_ID, id)]),
  };
}

/** All objects, or those of a link. The kernel has no filter for their protocol. */
export function dumpNexthops({ index }: { readonly index?: number } = {}): Request {
  const parts = [nhmsg(AF_UNSPEC)];
  if (index !== undefined) parts.push(u32(NHA_OIF, index));
  return {
    title: `nexthop show${index === undefined ? "" : ` dev index ${index}`}`,
    type: RTM_GETNEXTHOP,
    flags: NLM_F_DUMP,
    payload: concat(parts),
  };
}

/** struct nhmsg: family, scope, protocol, nothing, flags. */
function nhmsg(family: number, protocol = 0, flags = 0): Uint8Array {
  const header = new Uint8Array(NHMSG_LENGTH);
  header.set([family, 0, protocol]);
  writeU32(header, 4, flags);
  return header;
}

/** An object as the kernel tells of it. Groups and blackholes have neither link nor gateway. */
export interface NexthopObject {
  readonly id: number;
  readonly index: number | undefined;
  readonly gateway: Ip | undefined;
  readonly onlink: boolean;
  readonly protocol: number;
  readonly attrs: readonly Attr[];
}

/** @throws {RangeError} when the message is too short or bears no number */
export function decodeNexthop({ payload }: Reply): NexthopObject {
  const attrs = decodeAttrs(payload, NHMSG_LENGTH);
  const id = getU32(attrs, NHA_ID);
  if (id === undefined) throw new RangeError("a next hop object without a number");
  return {
    id,
    index: getU32(attrs, NHA_OIF),
    gateway: getIp(attrs, NHA_GATEWAY),
    onlink: (readU32(payload, 4) & RTNH_F_ONLINK) !== 0,
    protocol: readU8(payload, 2),
    attrs,
  };
}
