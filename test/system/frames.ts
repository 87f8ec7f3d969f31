/** Ethernet frames that no socket of a well-behaved program sends, for tests that somebody does send them. */
import { type Ip, ipBytes } from "../../lib/addr/ip.ts";
import { type Mac, macBytes } from "../../lib/addr/mac.ts";
import { execIn } from "./command.ts";
import type { Namespace } from "./namespaces.ts";

type Bytes = readonly number[];

const be16 = (value: number): Bytes => [(value >> 8) & 0xff, value & 0xff];
const be32 = (value: number): Bytes => [...be16(value >>> 16), ...be16(value & 0xffff)];
const ip = (address: string): Bytes => [...ipBytes(address as Ip)];
const mac = (address: string): Bytes => [...macBytes(address as Mac)];
const source = mac("02:00:00:00:00:01");

/** RFC 1071, over bytes of an even number. */
function checksum(bytes: Bytes): Bytes {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return be16(~sum & 0xffff);
}

export interface UdpPacket {
  /** MAC of the next hop. */
  readonly to: string;
  readonly from: string;
  readonly address: string;
  readonly port: number;
  readonly text: string;
}

/** IPv4 (RFC 791) with UDP (RFC 768) without a checksum; the text gets a newline. */
export function udpFrame({ to, from, address, port, text }: UdpPacket): Bytes {
  const data = [...Buffer.from(`${text}\n`)];
  const udp = [...be16(40_000), ...be16(port), ...be16(8 + data.length), 0, 0, ...data];
  const head = (sum: Bytes): Bytes => [
    ...[0x45, 0, ...be16(20 + udp.length), 0, 1, 0, 0, 64, 17],
    ...[...sum, ...ip(from), ...ip(address)],
  ];
  return [...mac(to), ...source, 0x08, 0x00, ...head(checksum(head([0, 0]))), ...udp];
}

/** RFC 4861 4.2: a router for 30 minutes, with a prefix (/64) for autonomous addresses, to all nodes. */
export function routerAdvertisement(from: string, prefix: string): Bytes {
  const allNodes = ip("ff02::1");
  const router = [64, 0, ...be16(1800), ...be32(0), ...be32(0)];
  const option = [3, 4, 64, 0xc0, ...be32(86_400), ...be32(14_400), ...be32(0), ...ip(prefix)];
  const icmp = (sum: Bytes): Bytes => [134, 0, ...sum, ...router, ...option];
  const length = icmp([0, 0]).length;
  const pseudo = [...ip(from), ...allNodes, ...be32(length), ...be32(58)];
  const sum = checksum([...pseudo, ...icmp([0, 0])]);
  const head = [0x60, 0, 0, 0, ...be16(length), 58, 255, ...ip(from), ...allNodes];
  return [...mac("33:33:00:00:00:01"), ...source, 0x86, 0xdd, ...head, ...icmp(sum)];
}

/** Sends it as it is. @throws with the words of socat */
export async function sendFrame(ns: Namespace, device: string, frame: Bytes): Promise<void> {
  const octal = frame.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  await execIn(ns, ["sh", "-c", `printf '${octal}' | socat -u STDIN INTERFACE:${device}`]);
}
