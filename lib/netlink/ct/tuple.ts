/** One direction of a connection as conntrack sees it: CTA_TUPLE_* (linux/netfilter/nfnetlink_conntrack.h). */
import { type Family, type Ip, ipBytes, ipFamily, ipFromBytes } from "../../addr/ip.ts";
import { type Attr, be16, bytes, findAttr, getBe16, getNested, getU8, nested, u8 } from "../attr.ts";

const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;

const CTA_IP_V4_SRC = 1;
const CTA_IP_V4_DST = 2;
const CTA_IP_V6_SRC = 3;
const CTA_IP_V6_DST = 4;

const CTA_PROTO_NUM = 1;
const CTA_PROTO_SRC_PORT = 2;
const CTA_PROTO_DST_PORT = 3;

export interface ConntrackTuple {
  readonly src: Ip;
  readonly dst: Ip;
  /** IPPROTO_*: 6 tcp, 17 udp, 132 sctp. */
  readonly protocol: number;
  /** Protocols without ports have none. */
  readonly srcPort: number | undefined;
  readonly dstPort: number | undefined;
}

/** What is left out is not encoded: for filters. @param type CTA_TUPLE_ORIG or CTA_TUPLE_REPLY */
export function encodeTuple(type: number, tuple: Partial<ConntrackTuple>): Uint8Array {
  const { src, dst, protocol, srcPort, dstPort } = tuple;
  const addresses: Uint8Array[] = [];
  if (src !== undefined) addresses.push(bytes(v4(src) ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, ipBytes(src)));
  if (dst !== undefined) addresses.push(bytes(v4(dst) ? CTA_IP_V4_DST : CTA_IP_V6_DST, ipBytes(dst)));
  const protocols: Uint8Array[] = [];
  if (protocol !== undefined) protocols.push(u8(CTA_PROTO_NUM, protocol));
  if (srcPort !== undefined) protocols.push(be16(CTA_PROTO_SRC_PORT, srcPort));
  if (dstPort !== undefined) protocols.push(be16(CTA_PROTO_DST_PORT, dstPort));
  const parts: Uint8Array[] = [];
  if (addresses.length > 0) parts.push(nested(CTA_TUPLE_IP, addresses));
  if (protocols.length > 0) parts.push(nested(CTA_TUPLE_PROTO, protocols));
  return nested(type, parts);
}

/** @throws {RangeError} when the tuple lacks an address or a protocol */
export function decodeTuple(family: Family, attrs: readonly Attr[]): ConntrackTuple {
  const addresses = getNested(attrs, CTA_TUPLE_IP) ?? [];
  const protocols = getNested(attrs, CTA_TUPLE_PROTO) ?? [];
  const src = findAttr(addresses, family === 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC);
  const dst = findAttr(addresses, family === 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST);
  const protocol = getU8(protocols, CTA_PROTO_NUM);
  if (src === undefined || dst === undefined || protocol === undefined) {
    throw new RangeError("a conntrack tuple without addresses or protocol");
  }
  return {
    src: ipFromBytes(src),
    dst: ipFromBytes(dst),
    protocol,
    srcPort: getBe16(protocols, CTA_PROTO_SRC_PORT),
    dstPort: getBe16(protocols, CTA_PROTO_DST_PORT),
  };
}

const v4 = (address: Ip): boolean => ipFamily(address) === 4;
