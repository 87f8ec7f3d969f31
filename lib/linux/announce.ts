/** Frames by which a new vNIC tells its neighbours where its addresses are now. Pure. */
import { type Ip, ipBytes, ipFamily } from "../addr/ip.ts";
import { type Mac, macBytes } from "../addr/mac.ts";
import { writeBe16 } from "../netlink/bytes.ts";

const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;

/** Gratuitous ARP (RFC 5227 2.3) for IPv4, unsolicited neighbour advertisement (RFC 4861 7.2.6) for IPv6. */
export function announcement(address: Ip, mac: Mac): Uint8Array {
  return ipFamily(address) === 4 ? gratuitousArp(address, mac) : neighbourAdvertisement(address, mac);
}

/** RFC 826: hardware type 1, protocol 0x0800, 6 and 4 bytes, operation 1; sender and target address are the same. */
function gratuitousArp(address: Ip, mac: Mac): Uint8Array {
  const frame = ethernet(Uint8Array.of(255, 255, 255, 255, 255, 255), mac, ETH_P_ARP, 28);
  frame.set([0, 1, 8, 0, 6, 4, 0, 1], 14);
  frame.set(macBytes(mac), 22);
  frame.set(ipBytes(address), 28);
  frame.set(ipBytes(address), 38);
  return frame;
}

/** ICMPv6 type 136 with the override flag and the target's link-layer address, to all nodes; hop limit 255. */
function neighbourAdvertisement(address: Ip, mac: Mac): Uint8Array {
  const frame = ethernet(Uint8Array.of(0x33, 0x33, 0, 0, 0, 1), mac, ETH_P_IPV6, 40 + 32);
  const source = ipBytes(address);
  const allNodes = ipBytes("ff02::1" as Ip);
  const icmp = new Uint8Array(32);
  icmp.set([136, 0, 0, 0, 0x20], 0);
  icmp.set(source, 8);
  icmp.set([2, 1], 24);
  icmp.set(macBytes(mac), 26);
  writeBe16(icmp, 2, checksum([source, allNodes, Uint8Array.of(0, 0, 0, 32, 0, 0, 0, 58), icmp]));
  frame.set([0x60, 0, 0, 0, 0, 32, 58, 255], 14);
  frame.set(source, 22);
  frame.set(allNodes, 38);
  frame.set(icmp, 54);
  return frame;
}

function ethernet(to: Uint8Array, from: Mac, type: number, payload: number): Uint8Array {
  const frame = new Uint8Array(14 + payload);
  frame.set(to, 0);
  frame.set(macBytes(from), 6);
  writeBe16(frame, 12, type);
  return frame;
}

/** Internet checksum (RFC 1071) over parts of even length. */
function checksum(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts)
    for (let i = 0; i < part.length; i += 2) sum += ((part[i] ?? 0) << 8) | (part[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
