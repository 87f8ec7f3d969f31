/** A packet in few words: `tcp 10.88.0.2:40000 -> 192.0.2.9:80`. */
import { type Ip, ipFamily } from "../../addr/ip.ts";
import { hasPorts, IPPROTO, type IpPacket, type Packet } from "../../policy/packet.ts";

const names: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(IPPROTO).map(([name, number]) => [number, name]),
);

/** @param protocol IANA number */
export const protocolName = (protocol: number): string => names[protocol] ?? `protocol ${protocol}`;

/** An address with a port, in brackets where it needs them. */
export function formatSocket(address: Ip, port: number | undefined): string {
  if (port === undefined) return address;
  return ipFamily(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

export function formatFlow(packet: Packet): string {
  switch (packet.kind) {
    case "arp":
      return packet.operation === "request"
        ? `who has ${packet.targetIp} tell ${packet.senderIp}`
        : `${packet.senderIp} is at ${packet.senderMac}`;
    case "ip":
      return formatIp(packet);
    case "other":
      return `frame 0x${packet.etherType.toString(16).padStart(4, "0")}`;
  }
}

function formatIp({
  protocol,
  source,
  destination,
  sourcePort,
  destinationPort,
  icmpType,
}: IpPacket): string {
  const ports = hasPorts(protocol);
  const from = formatSocket(source, ports ? sourcePort : undefined);
  const to = formatSocket(destination, ports ? destinationPort : undefined);
  const type = icmpType === undefined ? "" : ` type ${icmpType}`;
  return `${protocolName(protocol)}${type} ${from} -> ${to}`;
}
