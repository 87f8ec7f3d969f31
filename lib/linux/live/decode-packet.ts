/** What was seen by packet sockets, as far as a live probe is concerned. */
import { type Ip, ipFromBytes } from "../../addr/ip.ts";
import type { LiveHeader } from "../../model/live/live.ts";
import { readBe16, readBe32, readU8 } from "../../netlink/bytes.ts";
import { IPPROTO } from "../../policy/packet.ts";
import { isProbe } from "./probe-mark.ts";

export type Decoded =
  /** The probe itself. */
  | { readonly kind: "probe"; readonly header: LiveHeader }
  /** ARP or neighbour discovery. */
  | { readonly kind: "neighbour"; readonly question: boolean; readonly target: Ip; readonly asker: Ip }
  /** ICMP about the probe: who says it, and type and code. */
  | { readonly kind: "error"; readonly from: Ip; readonly type: number; readonly code: number };

const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const ARP_REQUEST = 1;
const NEIGHBOUR_SOLICIT = 135;
const NEIGHBOUR_ADVERT = 136;

/** @param identification of the probe. @returns undefined for anything else, and for what is cut off */
export function decodePacket(
  etherType: number,
  bytes: Uint8Array,
  identification: number,
): Decoded | undefined {
  try {
    if (etherType === ETH_P_ARP) return decodeArp(bytes);
    if (etherType === ETH_P_IP) return decodeV4(bytes, identification);
    if (etherType === ETH_P_IPV6) return decodeV6(bytes, identification);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** RFC 826, for IPv4 over Ethernet. */
function decodeArp(bytes: Uint8Array): Decoded {
  const question = readBe16(bytes, 6) === ARP_REQUEST;
  const [sender, target] = [address(bytes, 14, 4), address(bytes, 24, 4)];
  return question
    ? { kind: "neighbour", question, target, asker: sender }
    : { kind: "neighbour", question, target: sender, asker: target };
}

function decodeV4(bytes: Uint8Array, identification: number): Decoded | undefined {
  const length = (readU8(bytes, 0) & 0x0f) * 4;
  const protocol = readU8(bytes, 9);
  const header = { source: address(bytes, 12, 4), destination: address(bytes, 16, 4) };
  const inside = protocol === IPPROTO.udp ? decodeInside(bytes, length, header, identification) : undefined;
  if (inside !== undefined) return inside;
  if (readBe16(bytes, 4) === identification) {
    return { kind: "probe", header: { ...header, ...ports(bytes, length, protocol) } };
  }
  if (protocol !== IPPROTO.icmp || readBe16(bytes, length + 12) !== identification) return undefined;
  return { kind: "error", from: header.source, type: readU8(bytes, length), code: readU8(bytes, length + 1) };
}

function decodeV6(bytes: Uint8Array, identification: number): Decoded | undefined {
  const protocol = readU8(bytes, 6);
  const header = { source: address(bytes, 8, 16), destination: address(bytes, 24, 16) };
  const inside = protocol === IPPROTO.udp ? decodeInside(bytes, 40, header, identification) : undefined;
  if (inside !== undefined) return inside;
  if (readBe16(bytes, 2) === identification) {
    return { kind: "probe", header: { ...header, ...ports(bytes, 40, protocol) } };
  }
  if (protocol !== IPPROTO.icmp6) return undefined;
  const type = readU8(bytes, 40);
  if (type === NEIGHBOUR_SOLICIT || type === NEIGHBOUR_ADVERT) {
    const question = type === NEIGHBOUR_SOLICIT;
    const asker = question ? header.source : header.destination;
    return { kind: "neighbour", question, target: address(bytes, 48, 16), asker };
  }
  if (readBe16(bytes, 50) !== identification) return undefined;
  return { kind: "error", from: header.source, type, code: readU8(bytes, 41) };
}

/** Of VXLAN: the flag that there is a VNI (RFC 7348, 5). */
const HAS_VNI = 0x08;
const VXLAN = 8;
const ETHERNET = 14;

/** @param at where the outer packet has its UDP header. @returns undefined when there is no probe in it */
function decodeInside(
  bytes: Uint8Array,
  at: number,
  outer: Pick<LiveHeader, "source" | "destination">,
  identification: number,
): Decoded | undefined {
  const vxlan = at + 8;
  const ip = vxlan + VXLAN + ETHERNET;
  if (bytes.length < ip + 20 || (readU8(bytes, vxlan) & HAS_VNI) === 0) return undefined;
  const inner = bytes.subarray(ip);
  const isV4 = readBe16(bytes, ip - 2) === ETH_P_IP;
  if (readBe16(inner, isV4 ? 4 : 2) !== identification) return undefined;
  const transport = isV4 ? (readU8(inner, 0) & 0x0f) * 4 : 40;
  const protocol = readU8(inner, isV4 ? 9 : 6);
  if (!isProbe(protocol, inner.subarray(transport), identification)) return undefined;
  const found = decodePacket(readBe16(bytes, ip - 2), inner, identification);
  if (found?.kind !== "probe") return undefined;
  const tunnel = { ...outer, vni: readBe32(bytes, vxlan + 4) >>> 8 };
  return { kind: "probe", header: { ...found.header, tunnel } };
}

function ports(bytes: Uint8Array, offset: number, protocol: number) {
  if (protocol !== IPPROTO.tcp && protocol !== IPPROTO.udp) return {};
  return { sourcePort: readBe16(bytes, offset), destinationPort: readBe16(bytes, offset + 2) };
}

function address(bytes: Uint8Array, offset: number, length: number): Ip {
  readU8(bytes, offset + length - 1);
  return ipFromBytes(bytes.subarray(offset, offset + length));
}
