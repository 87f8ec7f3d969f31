/** Packets as bytes: Ethernet, IPv4 and IPv6 with TCP, UDP or an echo (RFC 791, 8200, 9293, 768, 792, 4443). */
import { type Ip, ipBytes, ipFamily } from "../../addr/ip.ts";
import { type Mac, macBytes } from "../../addr/mac.ts";
import { concat, writeBe16, writeBe32 } from "../../netlink/bytes.ts";
import { IPPROTO } from "../../policy/packet.ts";

export interface IpFields {
  readonly source: Ip;
  readonly destination: Ip;
  /** Hops. */
  readonly ttl?: number;
  /** IPv4: identification; IPv6: the lower 16 bits of the flow label. Networks leave both as they are. */
  readonly identification?: number;
}

export type Transport =
  | { readonly kind: "udp"; readonly sourcePort: number; readonly destinationPort: number }
  | {
      readonly kind: "tcp";
      readonly sourcePort: number;
      readonly destinationPort: number;
      /** 2: SYN, 16: ACK. */
      readonly flags: number;
      readonly sequence: number;
      readonly acknowledgement?: number;
    }
  /** Type 8 and 0 in IPv4, 128 and 129 in IPv6. */
  | { readonly kind: "icmp"; readonly type: number; readonly id: number; readonly sequence: number };

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const DEFAULT_TTL = 64;
const DONT_FRAGMENT = 0x4000;
const TCP_WINDOW = 64_240;

/** A frame of Ethernet around a packet. */
export function encodeFrame(destination: Mac, source: Mac, packet: Uint8Array): Uint8Array {
  const type = new Uint8Array(2);
  writeBe16(type, 0, (packet[0] ?? 0) >> 4 === 4 ? ETH_P_IP : ETH_P_IPV6);
  return concat([macBytes(destination), macBytes(source), type, packet]);
}

export function encodePacket(fields: IpFields, transport: Transport, payload: Uint8Array): Uint8Array {
  const family = ipFamily(fields.source);
  const protocol =
    transport.kind === "icmp" ? (family === 4 ? IPPROTO.icmp : IPPROTO.icmp6) : IPPROTO[transport.kind];
  const body = concat([encodeTransport(transport), payload]);
  if (transport.kind === "udp") writeBe16(body, 4, body.length);
  // ICMP of IPv4 alone has a checksum that leaves the addresses out.
  const pseudo = protocol === IPPROTO.icmp ? new Uint8Array() : pseudoHeader(fields, protocol, body.length);
  const at = { udp: 6, tcp: 16, icmp: 2 }[transport.kind];
  writeBe16(body, at, checksum(concat([pseudo, body])) || 0xffff);
  const header =
    family === 4 ? headerV4(fields, protocol, body.length) : headerV6(fields, protocol, body.length);
  return concat([header, body]);
}

function encodeTransport(transport: Transport): Uint8Array {
  switch (transport.kind) {
    case "udp":
      return ports(transport, 8);
    case "tcp": {
      const header = ports(transport, 20);
      writeBe32(header, 4, transport.sequence);
      writeBe32(header, 8, transport.acknowledgement ?? 0);
      header[12] = 5 << 4;
      header[13] = transport.flags;
      writeBe16(header, 14, TCP_WINDOW);
      return header;
    }
    case "icmp": {
      const header = new Uint8Array(8);
      header[0] = transport.type;
      writeBe16(header, 4, transport.id);
      writeBe16(header, 6, transport.sequence);
      return header;
    }
  }
}

function ports(
  { sourcePort, destinationPort }: { readonly sourcePort: number; readonly destinationPort: number },
  length: number,
): Uint8Array {
  const header = new Uint8Array(length);
  writeBe16(header, 0, sourcePort);
  writeBe16(header, 2, destinationPort);
  return header;
}

function headerV4({ source, destination, ttl, identification }: IpFields, protocol: number, length: number) {
  const header = new Uint8Array(20);
  header[0] = 0x45;
  writeBe16(header, 2, 20 + length);
  writeBe16(header, 4, identification ?? 0);
  writeBe16(header, 6, DONT_FRAGMENT);
  header[8] = ttl ?? DEFAULT_TTL;
  header[9] = protocol;
  header.set(ipBytes(source), 12);
  header.set(ipBytes(destination), 16);
  writeBe16(header, 10, checksum(header));
  return header;
}

function headerV6({ source, destination, ttl, identification }: IpFields, protocol: number, length: number) {
  const header = new Uint8Array(40);
  header[0] = 0x60;
  writeBe16(header, 2, identification ?? 0);
  writeBe16(header, 4, length);
  header[6] = protocol;
  header[7] = ttl ?? DEFAULT_TTL;
  header.set(ipBytes(source), 8);
  header.set(ipBytes(destination), 24);
  return header;
}

function pseudoHeader({ source, destination }: IpFields, protocol: number, length: number): Uint8Array {
  const rest = new Uint8Array(4);
  writeBe16(rest, 0, protocol);
  writeBe16(rest, 2, length);
  return concat([ipBytes(source), ipBytes(destination), rest]);
}

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
