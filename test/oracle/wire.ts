/** Frames as bytes: from the model's packets, and back from what was received. Each bears a tag by which it is known. */
import { type Ip, ipBytes, ipFromBytes } from "../../lib/addr/ip.ts";
import { type Mac, macBytes, macFromBytes } from "../../lib/addr/mac.ts";
import { IPPROTO, type IpPacket } from "../../lib/policy/packet.ts";
import { type Bytes, be16, be32, checksum } from "../system/wire.ts";

/**
 * Where a size is given it has that, and must not be cut (DF).
 *
 * @param tag 32 bits: payload of UDP and ICMP, sequence number of TCP
 */
export function encodeFrame(packet: IpPacket, tag: number): Uint8Array {
  const { source, destination, protocol } = packet;
  const [from, to] = [[...ipBytes(source)], [...ipBytes(destination)]];
  const is6 = from.length === 16;
  const head = is6 ? 40 : 20;
  const bare = transport(packet, tag, [0, 0], []).length;
  const padding = Array<number>(Math.max(0, (packet.bytes ?? 0) - head - bare)).fill(0);
  const body = (sum: Bytes): Bytes => transport(packet, tag, sum, padding);
  const length = body([0, 0]).length;
  const pseudo = is6
    ? [...from, ...to, ...be32(length), 0, 0, 0, protocol]
    : [...from, ...to, 0, protocol, ...be16(length)];
  const covers = protocol === IPPROTO.icmp ? [] : pseudo;
  const payload = body(checksum([...covers, ...body([0, 0])]));
  const flags = packet.bytes === undefined ? [0, 0] : DF;
  const head4 = (sum: Bytes): Bytes => [
    ...[0x45, 0, ...be16(head + length), ...be16(tag & 0xffff), ...flags, packet.ttl ?? 64, protocol],
    ...[...sum, ...from, ...to],
  ];
  const header = is6
    ? [0x60, 0, 0, 0, ...be16(length), protocol, packet.ttl ?? 64, ...from, ...to]
    : head4(checksum(head4([0, 0])));
  const ethernet = [
    ...macBytes(packet.destinationMac),
    ...macBytes(packet.sourceMac),
    ...(is6 ? [0x86, 0xdd] : [8, 0]),
  ];
  return Uint8Array.from([...ethernet, ...header, ...payload]);
}

/** RFC 791: flags and fragment offset. */
const DF: Bytes = [0x40, 0];

function transport(packet: IpPacket, tag: number, sum: Bytes, padding: Bytes): Bytes {
  const { protocol, sourcePort = 0, destinationPort = 0, icmpType = 0 } = packet;
  switch (protocol) {
    case IPPROTO.udp:
      return [
        ...[...be16(sourcePort), ...be16(destinationPort), ...be16(12 + padding.length), ...sum],
        ...[...be32(tag), ...padding],
      ];
    case IPPROTO.tcp: {
      const flags = packet.opens ? 0x02 : 0x10;
      const ports = [...be16(sourcePort), ...be16(destinationPort)];
      return [...ports, ...be32(tag), ...be32(0), 0x50, flags, ...be16(1024), ...sum, 0, 0, ...padding];
    }
    case IPPROTO.icmp:
    case IPPROTO.icmp6:
      return [icmpType, 0, ...sum, ...be16(sourcePort), ...be16(1), ...be32(tag), ...padding];
    default:
      return [...be32(tag), ...padding];
  }
}

/** What was received, as far as the model speaks of it. */
export interface Received {
  readonly tag: number;
  readonly sourceMac?: Mac;
  readonly destinationMac?: Mac;
  readonly source: Ip;
  readonly destination: Ip;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** @returns undefined for what is no IP, or too short to bear a tag */
export function decodeFrame(bytes: Uint8Array): Received | undefined {
  if (bytes.length < 14) return undefined;
  const etherType = ((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0);
  if (etherType !== 0x0800 && etherType !== 0x86dd) return undefined;
  const macs = {
    destinationMac: macFromBytes(bytes.slice(0, 6)),
    sourceMac: macFromBytes(bytes.slice(6, 12)),
  };
  const decoded = decodeIp(bytes.subarray(14), etherType === 0x86dd);
  return decoded && { ...decoded, ...macs };
}

/** @param bytes from the IP header on */
export function decodeIp(bytes: Uint8Array, is6: boolean): Received | undefined {
  const head = is6 ? 40 : ((bytes[0] ?? 0) & 0xf) * 4;
  const protocol = bytes[is6 ? 6 : 9] ?? 0;
  const [source, destination] = is6
    ? [bytes.slice(8, 24), bytes.slice(24, 40)]
    : [bytes.slice(12, 16), bytes.slice(16, 20)];
  const body = decodeTransport(bytes.subarray(head), protocol);
  if (body === undefined) return undefined;
  return { ...body, protocol, source: ipFromBytes(source), destination: ipFromBytes(destination) };
}

/** @param bytes from the transport header on */
export function decodeTransport(
  bytes: Uint8Array,
  protocol: number,
): Pick<Received, "tag" | "sourcePort" | "destinationPort"> | undefined {
  const isIcmp = protocol === IPPROTO.icmp || protocol === IPPROTO.icmp6;
  // An echo reply bears what the request bore, and is not what was sent.
  if (isIcmp && (bytes[0] === 0 || bytes[0] === 129)) return undefined;
  const at = protocol === IPPROTO.tcp ? 4 : protocol === IPPROTO.udp || isIcmp ? 8 : 0;
  if (bytes.length < at + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ported = protocol === IPPROTO.tcp || protocol === IPPROTO.udp;
  return {
    tag: view.getUint32(at),
    sourcePort: ported ? view.getUint16(0) : 0,
    destinationPort: ported ? view.getUint16(2) : 0,
  };
}
