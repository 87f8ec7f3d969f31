/** Frames with a UDP datagram inside, taken apart (RFC 894, 791, 8200, 768). */
import { type Ip, ipFromBytes } from "../../addr/ip.ts";
import { macFromBytes } from "../../addr/mac.ts";
import type { Datagram } from "../../dhcp/socket.ts";
import { readBe16, readU8 } from "../../netlink/bytes.ts";
import { IPPROTO } from "../../policy/packet.ts";

const ETHERNET_BYTES = 14;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
/** Of IPv4: more pieces follow, or this is not the first one. */
const FRAGMENT = 0x3fff;

/**
 * The checksum is not looked at: between interfaces of one machine the kernel leaves it to be filled in by a network
 * card that is never reached, and over a wire Ethernet has its own.
 *
 * @returns undefined for what is no whole datagram, or cut off
 */
export function decodeDatagram(frame: Uint8Array): Datagram | undefined {
  try {
    const packet = frame.subarray(ETHERNET_BYTES);
    const type = readBe16(frame, 12);
    const ip = type === ETH_P_IP ? headerV4(packet) : type === ETH_P_IPV6 ? headerV6(packet) : undefined;
    if (ip === undefined) return undefined;
    const udp = packet.subarray(ip.bytes, ip.end);
    const length = readBe16(udp, 4);
    if (length < UDP_BYTES || length > udp.length || ip.end > packet.length) return undefined;
    return {
      sourceMac: macFromBytes(frame.subarray(6, 12)),
      destinationMac: macFromBytes(frame.subarray(0, 6)),
      source: ip.source,
      destination: ip.destination,
      sourcePort: readBe16(udp, 0),
      destinationPort: readBe16(udp, 2),
      payload: udp.slice(UDP_BYTES, length),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

interface IpHeader {
  readonly source: Ip;
  readonly destination: Ip;
  readonly bytes: number;
  /** Where the packet ends: short frames are filled up. */
  readonly end: number;
}

function headerV4(packet: Uint8Array): IpHeader | undefined {
  if (readU8(packet, 0) >> 4 !== 4 || readU8(packet, 9) !== IPPROTO.udp) return undefined;
  if ((readBe16(packet, 6) & FRAGMENT) !== 0) return undefined;
  return {
    source: ipFromBytes(packet.subarray(12, 16)),
    destination: ipFromBytes(packet.subarray(16, 20)),
    bytes: (readU8(packet, 0) & 0x0f) * 4,
    end: readBe16(packet, 2),
  };
}

function headerV6(packet: Uint8Array): IpHeader | undefined {
  if (readU8(packet, 0) >> 4 !== 6 || readU8(packet, 6) !== IPPROTO.udp) return undefined;
  return {
    source: ipFromBytes(packet.subarray(8, 24)),
    destination: ipFromBytes(packet.subarray(24, 40)),
    bytes: IPV6_BYTES,
    end: IPV6_BYTES + readBe16(packet, 4),
  };
}
