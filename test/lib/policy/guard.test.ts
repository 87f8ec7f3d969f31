import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { type Guard, guardDrops } from "../../../lib/policy/guard.ts";
import { IPPROTO, ND, type Packet } from "../../../lib/policy/packet.ts";
import { arp, frameOf, icmp6, other, own, sent } from "./packets.ts";

const guard: Guard = { kind: "Guard", mac: own.mac, addresses: [own.ip4, own.ip6, own.link], allow: [] };
const nobody4 = ip("0.0.0.0");
const nobody6 = ip("::");
const udp = (sourcePort: number, destinationPort: number) => ({
  protocol: IPPROTO.udp,
  sourcePort,
  destinationPort,
});

describe("a guarded port", () => {
  it.each<[string, Packet]>([
    ["IPv4 from its address", sent()],
    ["IPv6 from its address", sent({ source: own.ip6, destination: other.ip6 })],
    ["IPv6 from its link-local address", sent({ source: own.link, destination: other.link })],
    ["multicast", sent({ ...udp(5353, 5353), destination: ip("224.0.0.251") })],
    ["a later piece of a packet", sent({ ...udp(67, 68), fragment: "later" })],
    ["an ARP request and an ARP reply of its own", arp({ operation: "reply" })],
    ["gratuitous ARP", arp({ targetIp: own.ip4 })],
    ["an ARP probe for its address", arp({ senderIp: nobody4, targetIp: own.ip4 })],
    ["a DHCP request once it has an address", sent({ ...udp(68, 67) })],
    ["a DHCP request before it has an address", sent({ source: nobody4, ...udp(68, 67) })],
    ["802.3 without SNAP", frameOf(60)],
    ["DNS", sent({ ...udp(40_000, 53) })],
    ["TCP to the port of DHCP clients", sent({ destinationPort: 68 })],
    ["UDP to the other family's port of DHCP clients", sent({ ...udp(40_000, 546) })],
    ["an echo request", icmp6(sent(), 128)],
    ["neighbour solicitation", icmp6(sent(), ND.neighbourSolicit, { target: other.ip6 })],
    ["an advertisement of its address", icmp6(sent(), ND.neighbourAdvert, { target: own.ip6 })],
    ["an advertisement of its link-local address", icmp6(sent(), ND.neighbourAdvert, { target: own.link })],
    [
      "duplicate address detection of its own",
      icmp6(sent(), ND.neighbourSolicit, { source: nobody6, target: own.link }),
    ],
    ["router solicitation", icmp6(sent(), ND.routerSolicit, { source: own.link })],
    ["router solicitation before it has an address", icmp6(sent(), ND.routerSolicit, { source: nobody6 })],
    ["multicast listening before it has an address", icmp6(sent(), ND.listenerReport2, { source: nobody6 })],
    [
      "ICMPv4 whose type is that of a router advertisement",
      sent({ protocol: IPPROTO.icmp, icmpType: ND.routerAdvert }),
    ],
    ["a protocol that bears no address", frameOf(0x88cc)],
  ])("sends %s", (_, packet) => {
    expect(guardDrops(guard, packet)).toBeUndefined();
  });

  it.each<[string, Packet]>([
    ["another MAC", sent({ sourceMac: other.mac })],
    ["another MAC, whatever the protocol", frameOf(0x88cc, other.mac)],
    ["another MAC in ARP", arp({ sourceMac: other.mac })],
    ["another IPv4 address", sent({ source: other.ip4 })],
    ["another IPv6 address", sent({ source: other.ip6 })],
    ["no IPv4 address", sent({ source: nobody4, ...udp(68, 69) })],
    ["a later piece from no IPv4 address", sent({ source: nobody4, ...udp(68, 67), fragment: "later" })],
    ["a tag behind a tag", frameOf(0x8100)],
    ["a tag of a service behind a tag", frameOf(0x88a8)],
    ["SNAP", { ...frameOf(60), snap: true }],
    ["no IPv6 address", sent({ source: nobody6, destination: other.ip6 })],
    ["no IPv6 address, as an echo request", icmp6(sent(), 128, { source: nobody6 })],
    ["another MAC within ARP", arp({ senderMac: other.mac })],
    ["another address in ARP", arp({ senderIp: other.ip4 })],
    ["another address in an ARP reply", arp({ operation: "reply", senderIp: other.ip4 })],
    ["gratuitous ARP for another", arp({ senderIp: other.ip4, targetIp: other.ip4 })],
    ["an ARP probe for another's address", arp({ senderIp: nobody4, targetIp: other.ip4 })],
    ["an advertisement of another's address", icmp6(sent(), ND.neighbourAdvert, { target: other.ip6 })],
    ["an advertisement without a target", icmp6(sent(), ND.neighbourAdvert)],
    [
      "duplicate address detection of another's",
      icmp6(sent(), ND.neighbourSolicit, { source: nobody6, target: other.ip6 }),
    ],
    [
      "an advertisement from no address",
      icmp6(sent(), ND.neighbourAdvert, { source: nobody6, target: own.ip6 }),
    ],
    ["a router advertisement from no address", icmp6(sent(), ND.routerAdvert, { source: nobody6 })],
    ["a later piece from another's address", sent({ source: other.ip4, fragment: "later" })],
  ])("does not send %s: spoofed", (_, packet) => {
    expect(guardDrops(guard, packet)).toBe("spoofed");
  });

  it.each<[string, Packet, Guard["allow"][number]]>([
    ["a DHCP server's answer", sent({ ...udp(67, 68) }), "dhcp-server"],
    ["the first piece of one", sent({ ...udp(67, 68), fragment: "first" }), "dhcp-server"],
    [
      "a DHCPv6 server's answer",
      sent({ ...udp(547, 546), source: own.link, destination: other.link }),
      "dhcp-server",
    ],
    ["a router advertisement", icmp6(sent(), ND.routerAdvert, { source: own.link }), "router"],
    ["a redirect", icmp6(sent(), ND.redirect, { source: own.link }), "router"],
  ])("does not send %s unless it is allowed", (_, packet, allowance) => {
    expect(guardDrops(guard, packet)).toBe("service");
    expect(guardDrops({ ...guard, allow: [allowance] }, packet)).toBeUndefined();
    const wrong = allowance === "router" ? "dhcp-server" : "router";
    expect(guardDrops({ ...guard, allow: [wrong] }, packet)).toBe("service");
  });

  it("is not allowed to spoof by being a router or a DHCP server", () => {
    const allowed: Guard = { ...guard, allow: ["router", "dhcp-server"] };
    expect(guardDrops(allowed, icmp6(sent(), ND.routerAdvert, { source: other.link }))).toBe("spoofed");
    expect(guardDrops(allowed, sent({ ...udp(67, 68), source: other.ip4 }))).toBe("spoofed");
    expect(guardDrops(allowed, sent({ source: ip("192.0.2.1") }))).toBe("spoofed");
  });

  it("sends from addresses that it is given beside its own, and claims them", () => {
    const more: Guard = { ...guard, addresses: [...guard.addresses, ip("10.88.0.250")] };
    expect(guardDrops(more, sent({ source: ip("10.88.0.250") }))).toBeUndefined();
    expect(guardDrops(more, arp({ senderIp: ip("10.88.0.250") }))).toBeUndefined();
  });
});
