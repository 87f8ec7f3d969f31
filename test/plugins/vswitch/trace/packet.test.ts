import { describe, expect, test } from "vitest";
import { parseStart, parseTarget } from "../../../../plugins/vswitch/trace/ends.ts";
import { type PacketWords, packetOf } from "../../../../plugins/vswitch/trace/packet.ts";
import { usual } from "../../../lib/model/path/story.ts";

const { scene } = usual();

function packet(from: string, to: string, words: Partial<PacketWords> = {}) {
  const start = parseStart(from, scene);
  return packetOf({ state: "new", ...words }, start, parseTarget(to, scene, start.families));
}

describe("the packet to be traced", () => {
  test.each<[string, string, Partial<PacketWords>, object]>([
    ["web", "198.51.100.9:443", {}, { protocol: 6, sourcePort: 40000, destinationPort: 443, opens: true }],
    ["web", "198.51.100.9", {}, { protocol: 1, icmpType: 8 }],
    ["web", "2001:db8:9::9", {}, { protocol: 58, icmpType: 128 }],
    ["web", "198.51.100.9:53", { proto: "udp", sport: 5353 }, { protocol: 17, sourcePort: 5353 }],
    ["web", "198.51.100.9:53", { proto: "sctp" }, { protocol: 132 }],
    ["web", "198.51.100.9:443", { state: "established" }, { opens: false }],
    ["web", "198.51.100.9", { proto: "tcp" }, { protocol: 6, opens: true }],
    ["web", "198.51.100.9", { bytes: 1400, ttl: 3 }, { bytes: 1400, ttl: 3 }],
    ["web", "198.51.100.9", { "spoof-source": "10.1.0.3" }, { source: "10.1.0.3" }],
    ["web", "198.51.100.9", { "spoof-mac": "02-00-00-00-00-09" }, { sourceMac: "02:00:00:00:00:09" }],
    ["198.51.100.7", "192.0.2.10:8080", {}, { source: "198.51.100.7" }],
    ["web", "10.1.0.3", { proto: "arp" }, { kind: "arp", operation: "request", targetIp: "10.1.0.3" }],
    [
      "web",
      "10.1.0.3",
      { proto: "arp", "spoof-source": "10.1.0.1", "spoof-mac": "02:00:00:00:00:09" },
      { senderIp: "10.1.0.1", sourceMac: "02:00:00:00:00:09" },
    ],
    [
      "web",
      "fd01::3",
      { proto: "arp" },
      {
        destination: "ff02::1:ff00:3",
        destinationMac: "33:33:ff:00:00:03",
        icmpType: 135,
        target: "fd01::3",
      },
    ],
  ])("from %s to %s with %j has %j", (from, to, words, expected) => {
    expect(packet(from, to, words)).toMatchObject(expected);
  });

  test.each<[string, string, Partial<PacketWords>, RegExp]>([
    ["web", "198.51.100.9:80", { proto: "icmp" }, /icmp has no ports, and --to names 80/],
    ["web", "10.1.0.3:80", { proto: "arp" }, /arp has no ports/],
    ["web", "198.51.100.9", { proto: "icmp", sport: 9 }, /--sport does not go with it/],
    ["web", "198.51.100.9", { "spoof-source": "10.1.0" }, /no IP address/],
    ["web", "198.51.100.9", { "spoof-source": "fd01::9" }, /different families/],
    ["10.1.0.2", "fd01::3", {}, /different families/],
    ["web", "198.51.100.9", { "spoof-mac": "02:00" }, /no MAC address/],
    ["host", "10.1.0.3", { proto: "arp" }, /--from must be an endpoint/],
    ["web", "198.51.100.9", { bytes: 0 }, /--bytes/],
    ["web", "198.51.100.9", { bytes: 70000 }, /--bytes/],
    ["web", "198.51.100.9", { ttl: 256 }, /--ttl/],
    ["web", "198.51.100.9", { bytes: Number.NaN }, /--bytes/],
    ["web", "198.51.100.9:1", { sport: 0 }, /no port/],
  ])("from %s to %s with %j is refused", (from, to, words, message) => {
    expect(() => packet(from, to, words)).toThrow(message);
  });
});
