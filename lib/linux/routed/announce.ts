/**
 * Telling a wire that this host has addresses now: a gratuitous ARP (RFC 5227 3) and an unsolicited neighbour
 * advertisement (RFC 4861 7.2.6) for each, with the MAC of the link.
 *
 * The kernel does so only for addresses of its own (netlink/route/announce.ts). ARP takes a packet socket, and closing one
 * costs a wait of 10 ms; the advertisement takes none.
 */
import { type Ip, ipBytes, ipFamily } from "../../addr/ip.ts";
import { type Mac, macBytes } from "../../addr/mac.ts";
import { concat, writeU16, writeU32 } from "../../netlink/bytes.ts";
import { closeFile } from "../../os/file.ts";
import { attemptCall, systemCall } from "../../os/libc.ts";

const AF_INET6 = 10;
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_IPV6 = 41;
const IPPROTO_ICMPV6 = 58;
const IPV6_MULTICAST_HOPS = 18;
const ETH_P_ARP = 0x0806;
/** struct sockaddr_ll and sockaddr_in6. */
const SOCKADDR_LL_BYTES = 20;
const SOCKADDR_IN6_BYTES = 28;

/** @param mac of the link. @throws {SystemCallError} EPERM without CAP_NET_RAW */
export function announceOnWire(index: number, mac: Mac, addresses: readonly Ip[]): void {
  const of = (family: 4 | 6) => addresses.filter((address) => ipFamily(address) === family);
  sendAll(
    AF_INET6,
    SOCK_RAW,
    IPPROTO_ICMPV6,
    allNodes(index),
    of(6).map((address) => advertisement(address, mac)),
  );
  sendAll(
    AF_PACKET,
    SOCK_DGRAM,
    0,
    everybody(index),
    of(4).map((address) => gratuitousArp(address, mac)),
  );
}

function sendAll(
  family: number,
  type: number,
  protocol: number,
  to: Uint8Array,
  messages: readonly Uint8Array[],
): void {
  if (messages.length === 0) return;
  const title = "announce an address";
  const fd = systemCall(title, ({ socket }) => socket(family, type | SOCK_CLOEXEC, protocol));
  try {
    if (family === AF_INET6) requireHops(fd);
    // A firewall of the host may refuse it: those who knew the address at another MAC find out by themselves, later.
    for (const message of messages)
      attemptCall(({ sendto }) => sendto(fd, message, message.length, 0, to, to.length));
  } finally {
    closeFile(fd);
  }
}

/** What came through a router is not believed (RFC 4861 7.1.2). */
function requireHops(fd: number): void {
  const hops = new Uint8Array(4);
  writeU32(hops, 0, 255);
  systemCall("set the hop limit", ({ setsockopt }) =>
    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops, hops.length),
  );
}

/** An announcement: a request for the address, in its own name. */
function gratuitousArp(address: Ip, mac: Mac): Uint8Array {
  const [own, value] = [macBytes(mac), ipBytes(address)];
  const header = Uint8Array.of(0, 1, 0x08, 0, 6, 4, 0, 1);
  return concat([header, own, value, new Uint8Array(6), value]);
}

/** To take the place of what was known; the kernel sums it up. Target and its link-layer address (option 2). */
function advertisement(address: Ip, mac: Mac): Uint8Array {
  const override = 0x20;
  const header = Uint8Array.of(136, 0, 0, 0, override, 0, 0, 0);
  return concat([header, ipBytes(address), Uint8Array.of(2, 1), macBytes(mac)]);
}

function everybody(index: number): Uint8Array {
  const to = new Uint8Array(SOCKADDR_LL_BYTES);
  writeU16(to, 0, AF_PACKET);
  to.set([ETH_P_ARP >> 8, ETH_P_ARP & 0xff], 2);
  writeU32(to, 4, index);
  to[11] = 6;
  to.fill(0xff, 12, 18);
  return to;
}

function allNodes(index: number): Uint8Array {
  const to = new Uint8Array(SOCKADDR_IN6_BYTES);
  writeU16(to, 0, AF_INET6);
  to.set([0xff, 0x02], 8);
  to[23] = 1;
  writeU32(to, 24, index);
  return to;
}
