import { describe, expect, test } from "vitest";
import { type Filter, keeps, parseFilter } from "../../../../plugins/vswitch/capture/filter.ts";
import { formatFrame } from "../../../../plugins/vswitch/capture/format-frame.ts";
import { decodeFrame } from "../../../../plugins/vswitch/capture/frame.ts";
import { pcapHeader, pcapRecord } from "../../../../plugins/vswitch/capture/pcap.ts";
import { expectApproved } from "../../../approved.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));

const macs = "02aabbccdd02 02aabbccdd01";
const ip4 = (protocol: string, rest: string, fragment = "0000") =>
  bytes(`${macs} 0800 45000028 0001${fragment} 40${protocol}0000 0a580005 c0000202 ${rest}`);
const ip6 = (next: string, rest: string) =>
  bytes(
    `${macs} 86dd 60000000 0014 ${next} 40 fd000000000000000000000000000005 20010db8000000000000000000000002 ${rest}`,
  );

const frames = {
  tcp: ip4("06", "1f90 0050 00000000"),
  udp: ip4("11", "d431 0035 00000000"),
  "later piece of udp": ip4("11", "d431 0035 00000000", "00b9"),
  icmp: ip4("01", "0800 0000"),
  ospf: ip4("59", "0000"),
  "icmpv6 behind hop-by-hop options": ip6("00", "3a00050200000000 8f00"),
  "udp behind a fragment header": ip6("2c", "1100000100000001 0035 d431 0000"),
  "later piece of udp over IPv6": ip6("2c", "1100000900000001 0035 d431 0000"),
  arp: bytes(
    `ffffffffffff 02aabbccdd01 0806 0001 0800 06 04 0001 02aabbccdd01 0a580005 000000000000 0a580001`,
  ),
  tagged: bytes(`${macs} 8100 0064 0806 0001 0800 06 04 0001 02aabbccdd01 0a580005 000000000000 0a580001`),
  "neither IP nor ARP": bytes(`${macs} 88cc 0000`),
  "cut IP": bytes(`${macs} 0800 4500`),
  "cut ports": ip4("06", "1f"),
};

describe("a frame", () => {
  test("is read as far as filters go by it", () => {
    const lines = Object.entries(frames).map(
      ([name, frame]) => `${name}: ${JSON.stringify(decodeFrame(frame))}`,
    );
    expectApproved("plugins/vswitch/capture/frames.txt", lines.join("\n"));
  });

  test("that is no whole Ethernet header is none", () => {
    expect(decodeFrame(new Uint8Array(13))).toBeUndefined();
  });

  test("is a line of JSON with the time of the kernel and the direction as the container sees it", () => {
    const line = formatFrame({
      atNs: 1_700_000_000_000_000_042n,
      length: 58,
      bytes: frames.tcp,
      towardsContainer: false,
    });
    expect(line).toBe(
      '{"time":"2023-11-14T22:13:20.000000042Z","direction":"Out","length":58,"protocol":"tcp",' +
        '"source":"10.88.0.5","destination":"192.0.2.2","sourcePort":8080,"destinationPort":80,' +
        '"destinationMac":"02:aa:bb:cc:dd:02","sourceMac":"02:aa:bb:cc:dd:01"}',
    );
  });
});

describe("a filter", () => {
  const passing = (filter: Filter) =>
    Object.entries(frames).flatMap(([name, frame]) => (keeps(filter, decodeFrame(frame)) ? [name] : []));

  test("that asks for nothing keeps everything, what cannot be read too", () => {
    expect(passing({})).toEqual(Object.keys(frames));
    expect(keeps({}, undefined)).toBe(true);
    expect(keeps({ port: 1 }, undefined)).toBe(false);
  });

  test.each<[Parameters<typeof parseFilter>[0], string[]]>([
    [{ port: 53 }, ["udp", "udp behind a fragment header"]],
    [{ host: "2001:db8::2", proto: "udp" }, ["udp behind a fragment header", "later piece of udp over IPv6"]],
    [{ host: "10.88.0.1" }, ["arp", "tagged"]],
    [{ host: "192.0.2.0/24", proto: "TCP" }, ["tcp", "cut ports"]],
    [{ proto: "icmp" }, ["icmp", "icmpv6 behind hop-by-hop options"]],
    [{ proto: "arp" }, ["arp", "tagged"]],
    [{ proto: "ip/89" }, ["ospf"]],
    [{ proto: "tcp", port: 53 }, []],
  ])("%j keeps what has all of it", (words, expected) => {
    expect(passing(parseFilter(words))).toEqual(expected);
  });

  test.each([
    [{ port: 0 }, "--port 0"],
    [{ port: 1.5 }, "--port 1.5"],
    [{ port: Number.NaN }, "--port NaN"],
    [{ host: "web" }, "--host web"],
  ])("%j is refused", (words, message) => {
    expect(() => parseFilter(words)).toThrow(message);
  });
});

describe("a pcap file", () => {
  test("begins with magic, version 2.4, snapshot length and link type", () => {
    expect(Buffer.from(pcapHeader(65_535)).toString("hex")).toBe(
      "4d3cb2a1 0200 0400 00000000 00000000 ffff0000 01000000".replaceAll(" ", ""),
    );
  });

  test("holds for each frame seconds, nanoseconds, length kept, length on the wire", () => {
    const record = pcapRecord({ atNs: 1_000_000_002n, length: 9, bytes: Uint8Array.of(1, 2) });
    expect(Buffer.from(record).toString("hex")).toBe(
      "01000000 02000000 02000000 09000000 0102".replaceAll(" ", ""),
    );
  });
});
