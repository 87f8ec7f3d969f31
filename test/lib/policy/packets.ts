/** Packets as short as a test can say them. */
import { type Ip, ip } from "../../../lib/addr/ip.ts";
import { type Mac, mac } from "../../../lib/addr/mac.ts";
import { type ArpPacket, IPPROTO, type IpPacket, type OtherPacket } from "../../../lib/policy/packet.ts";

/** The container. */
export const own: { readonly mac: Mac; readonly ip4: Ip; readonly ip6: Ip; readonly link: Ip } = {
  mac: mac("02:00:00:00:00:05"),
  ip4: ip("10.88.0.5"),
  ip6: ip("fd00:88::5"),
  link: ip("fe80::ff:fe00:5"),
};
/** Somebody else. */
export const other: typeof own = {
  mac: mac("02:00:00:00:00:09"),
  ip4: ip("10.88.0.9"),
  ip6: ip("fd00:88::9"),
  link: ip("fe80::ff:fe00:9"),
};

const frame = { sourceMac: own.mac, destinationMac: other.mac };

export const arp = (over: Partial<ArpPacket> = {}): ArpPacket => ({
  ...frame,
  kind: "arp",
  operation: "request",
  senderMac: own.mac,
  senderIp: own.ip4,
  targetIp: other.ip4,
  ...over,
});

/** What the container sends: TCP to port 80 unless said otherwise. */
export const sent = (over: Partial<IpPacket> = {}): IpPacket => ({
  ...frame,
  kind: "ip",
  source: own.ip4,
  destination: other.ip4,
  protocol: IPPROTO.tcp,
  sourcePort: 40_000,
  destinationPort: 80,
  ...over,
});

/** What reaches the container: TCP to its port 80 unless said otherwise. */
export const received = (over: Partial<IpPacket> = {}): IpPacket =>
  sent({
    sourceMac: other.mac,
    destinationMac: own.mac,
    source: other.ip4,
    destination: own.ip4,
    ...over,
  });

/** The same without ports, as ICMP. */
export function icmp(packet: IpPacket, icmpType: number, over: Partial<IpPacket> = {}): IpPacket {
  const { sourcePort, destinationPort, ...rest } = packet;
  return { ...rest, protocol: IPPROTO.icmp, icmpType, ...over };
}

/** The same between IPv6 addresses, as ICMPv6. */
export function icmp6(packet: IpPacket, icmpType: number, over: Partial<IpPacket> = {}): IpPacket {
  const to6 = (address: Ip): Ip => (address === own.ip4 ? own.ip6 : other.ip6);
  const ends = { source: to6(packet.source), destination: to6(packet.destination) };
  return icmp(packet, icmpType, { protocol: IPPROTO.icmp6, ...ends, ...over });
}

export const frameOf = (etherType: number, sourceMac: Mac = own.mac): OtherPacket => ({
  ...frame,
  kind: "other",
  sourceMac,
  etherType,
});
