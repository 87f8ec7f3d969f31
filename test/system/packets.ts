/** What packets carry: ARP, UDP, TCP, ICMP, neighbour discovery. Bytes of headers are in wire.ts. */
import { type Bytes, be16, be32, checksum, ipOf, macOf, NEXT, type Rest } from "./wire.ts";

export interface Arp {
  readonly operation: "request" | "reply";
  readonly senderMac: string;
  readonly senderIp: string;
  /** Default: nobody's. */
  readonly targetMac?: string;
  readonly targetIp: string;
}

/** RFC 826 */
export function arp({
  operation,
  senderMac,
  senderIp,
  targetMac = "00:00:00:00:00:00",
  targetIp,
}: Arp): Bytes {
  const head = [...be16(1), ...be16(0x0800), 6, 4, ...be16(operation === "request" ? 1 : 2)];
  return [...head, ...macOf(senderMac), ...ipOf(senderIp), ...macOf(targetMac), ...ipOf(targetIp)];
}

/** Source and destination, which the checksum covers. */
export interface Ends {
  readonly from: string;
  readonly to: string;
}

export interface Ports {
  readonly source: number;
  readonly destination: number;
}

/** RFC 8200 8.1, and the like of RFC 768. */
function sumWith({ from, to }: Ends, protocol: number, bytes: Bytes): Bytes {
  return checksum([...ipOf(from), ...ipOf(to), ...be32(bytes.length), ...be32(protocol), ...bytes]);
}

/** RFC 768 */
export function udp(ends: Ends, { source, destination }: Ports, data: Bytes): Bytes {
  const whole = (sum: Bytes): Bytes => [
    ...[...be16(source), ...be16(destination), ...be16(8 + data.length), ...sum],
    ...data,
  ];
  const sum = sumWith(ends, NEXT.udp, whole([0, 0]));
  // 0 would say that there is none.
  return whole(sum.every((byte) => byte === 0) ? [0xff, 0xff] : sum);
}

export const TCP = { fin: 1, syn: 2, rst: 4, push: 8, ack: 16 } as const;

/** RFC 9293, without options. */
export function tcp(ends: Ends, { source, destination }: Ports, flags: number, data: Bytes = []): Bytes {
  const numbers = [...be32(1000), ...be32((flags & TCP.ack) !== 0 ? 1000 : 0)];
  const whole = (sum: Bytes): Bytes => [
    ...[...be16(source), ...be16(destination), ...numbers, 0x50, flags, ...be16(1024), ...sum, 0, 0],
    ...data,
  ];
  return whole(sumWith(ends, NEXT.tcp, whole([0, 0])));
}

/** RFC 792. @param rest the four bytes behind the checksum, and all that follows */
export function icmp(type: number, code: number, rest: Bytes): Bytes {
  return [type, code, ...checksum([type, code, 0, 0, ...rest]), ...rest];
}

/** RFC 4443 */
export function icmp6(ends: Ends, type: number, code: number, rest: Bytes): Rest {
  const sum = sumWith(ends, NEXT.icmp6, [type, code, 0, 0, ...rest]);
  return { next: NEXT.icmp6, bytes: [type, code, ...sum, ...rest] };
}

/** RFC 4861 4.6.1: the sender's (1) or the target's (2) MAC. */
const linkAddress = (type: 1 | 2, mac: string | undefined): Bytes =>
  mac === undefined ? [] : [type, 1, ...macOf(mac)];

/** RFC 4861 4.3. @param first options before that of the MAC */
export function solicitation(ends: Ends, target: string, mac?: string, first: Bytes = []): Rest {
  return icmp6(ends, 135, 0, [...be32(0), ...ipOf(target), ...first, ...linkAddress(1, mac)]);
}

/** RFC 4861 4.4, solicited, with override. */
export function advertisement(ends: Ends, target: string, mac?: string, first: Bytes = []): Rest {
  return icmp6(ends, 136, 0, [...be32(0x6000_0000), ...ipOf(target), ...first, ...linkAddress(2, mac)]);
}

/** RFC 4861 4.2: a router for half an hour, with a prefix (/64) for autonomous addresses. */
export function routerAdvertisement(ends: Ends, prefix: string): Rest {
  const router = [64, 0, ...be16(1800), ...be32(0), ...be32(0)];
  const option = [3, 4, 64, 0xc0, ...be32(86_400), ...be32(14_400), ...be32(0), ...ipOf(prefix)];
  return icmp6(ends, 134, 0, [...router, ...option]);
}

/** RFC 4861 4.5: packets for `destination` shall go by `gateway`. */
export function redirect(ends: Ends, gateway: string, destination: string): Rest {
  return icmp6(ends, 137, 0, [...be32(0), ...ipOf(gateway), ...ipOf(destination)]);
}
