import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Ip, ip, ipBytes, ipFromBytes } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { decodePacket } from "../../../../lib/linux/live/decode-packet.ts";
import { encodeFilter } from "../../../../lib/linux/live/filter.ts";
import { encodePacket, type IpFields, type Transport } from "../../../../lib/linux/live/frame.ts";
import { probePacket } from "../../../../lib/linux/live/probe-packet.ts";
import type { LiveRequest } from "../../../../lib/model/live/live.ts";
import { readBe16, readU16, readU32, writeBe16 } from "../../../../lib/netlink/bytes.ts";
import { planOf } from "../../model/live/fixture.ts";
import { seed } from "../../seed.ts";

const ETH = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd } as const;

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const v4 = bytes(4).map(ipFromBytes);
const v6 = bytes(16)
  .filter((address) => address.subarray(0, 10).some((byte) => byte !== 0))
  .map(ipFromBytes);
const port = fc.nat(0xffff);
const number = fc.nat(0xffff_ffff);

const transport: fc.Arbitrary<Transport> = fc.oneof(
  fc.record({ kind: fc.constant("udp" as const), sourcePort: port, destinationPort: port }),
  fc.record({
    kind: fc.constant("tcp" as const),
    sourcePort: port,
    destinationPort: port,
    flags: fc.nat(255),
    sequence: number,
  }),
  fc.record({ kind: fc.constant("icmp" as const), type: fc.constantFrom(8, 128), id: port, sequence: port }),
);
const fields = (address: fc.Arbitrary<Ip>): fc.Arbitrary<IpFields> =>
  fc.record({ source: address, destination: address, identification: fc.integer({ min: 1, max: 0xffff }) });
const packet = fc.tuple(fc.oneof(fields(v4), fields(v6)), transport, fc.uint8Array({ maxLength: 40 }));

const etherType = ({ source }: IpFields): number => (source.includes(":") ? ETH.ip6 : ETH.ip);

/** RFC 1071: over what bears its own checksum the sum is 0xffff. */
function sum(of: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < of.length; i += 2) total += ((of[i] ?? 0) << 8) + (of[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

describe("packets of a live probe", () => {
  it("are recognised by their identification, with addresses and ports", () => {
    fc.assert(
      fc.property(packet, ([ip, how, payload]) => {
        const encoded = encodePacket(ip, how, payload);
        const { source, destination, identification = 0 } = ip;
        const ports =
          how.kind === "icmp" ? {} : { sourcePort: how.sourcePort, destinationPort: how.destinationPort };
        expect(decodePacket(etherType(ip), encoded, identification)).toEqual({
          kind: "probe",
          header: { source, destination, ...ports },
        });
        expect(decodePacket(etherType(ip), encoded, (identification + 1) & 0xffff)?.kind).not.toBe("probe");
      }),
      { seed },
    );
  });

  it("bear checksums that hold", () => {
    fc.assert(
      fc.property(packet, ([fields, how, payload]) => {
        const encoded = encodePacket(fields, how, payload);
        const isV6 = fields.source.includes(":");
        const header = encoded.subarray(0, isV6 ? 40 : 20);
        const body = encoded.subarray(header.length);
        if (!isV6) expect(sum(header)).toBe(0xffff);
        const pseudo = new Uint8Array(36);
        pseudo.set(ipBytes(fields.source), 0);
        pseudo.set(ipBytes(fields.destination), 16);
        writeBe16(pseudo, 32, header[isV6 ? 6 : 9] ?? 0);
        writeBe16(pseudo, 34, body.length);
        const bare = how.kind === "icmp" && !isV6;
        expect(sum(bare ? body : Uint8Array.from([...pseudo, ...body]))).toBe(0xffff);
      }),
      { seed },
    );
  });

  it("that are cut off, or something else, are passed over", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom(...Object.values(ETH), 0x88cc),
        (some, type) => {
          expect(() => decodePacket(type, some, 7)).not.toThrow();
        },
      ),
      { seed },
    );
  });

  it("that errors are about are recognised inside them", () => {
    const about = encodePacket(
      { source: ip("10.61.0.2"), destination: ip("192.0.2.2"), identification: 7 },
      { kind: "udp", sourcePort: 1, destinationPort: 2 },
      new Uint8Array(),
    );
    const error = encodePacket(
      { source: ip("10.61.0.1"), destination: ip("10.61.0.2") },
      { kind: "icmp", type: 3, id: 0, sequence: 0 },
      about,
    );
    expect(decodePacket(ETH.ip, error, 7)).toEqual({
      kind: "error",
      from: "10.61.0.1",
      type: 3,
      code: 0,
    });
    expect(runFilter(encodeFilter(7), ETH.ip, error)).toBe(true);
    expect(runFilter(encodeFilter(8), ETH.ip, error)).toBe(false);
  });
});

/** What a host of an overlay network puts around it (RFC 7348). */
function within(family: 4 | 6, inner: Uint8Array, vni = 4097): Uint8Array {
  const [source, destination] = family === 4 ? ["192.0.2.1", "192.0.2.2"] : ["2001:db8::1", "2001:db8::2"];
  const ends = { source: ip(source as string), destination: ip(destination as string) };
  const macs = [...new Uint8Array(12)];
  const type = (inner[0] ?? 0) >> 4 === 4 ? [0x08, 0x00] : [0x86, 0xdd];
  const vxlan = [8, 0, 0, 0, vni >> 16, (vni >> 8) & 0xff, vni & 0xff, 0];
  const payload = Uint8Array.from([...vxlan, ...macs, ...type, ...inner]);
  return encodePacket(ends, { kind: "udp", sourcePort: 50_000, destinationPort: 4789 }, payload);
}

describe("a probe within VXLAN", () => {
  const probes = ["tcp", "udp", "icmp"] as const;
  const destinations = ["10.40.2.2", "fd00:40:2::2"] as const;
  const cases = ([4, 6] as const).flatMap((outer) =>
    destinations.flatMap((destination) => probes.map((protocol) => ({ outer, destination, protocol }))),
  );
  const from = planOf("a", "10.40.1.2");
  const both = {
    ...from,
    vnic: { ...from.vnic, addresses: ["10.40.1.2/24", "fd00:40:1::2/64"].map(prefix) },
  };
  const request = (protocol: (typeof probes)[number], destination: string): LiveRequest => ({
    ...{ from: both, receivers: [], endpoints: [] },
    ...{ packet: { protocol, destination: ip(destination) }, tag: 0x4a3f },
  });

  it.each(cases)("is found there, and what it is in: %j", ({ outer, destination, protocol }) => {
    const { sent, bytes, identification } = probePacket(request(protocol, destination));
    expect(identification).toBe(0x4a3f);
    const encoded = within(outer, bytes);
    const type = outer === 4 ? ETH.ip : ETH.ip6;
    const { protocol: _, ...header } = sent;
    expect(decodePacket(type, encoded, identification)).toEqual({
      kind: "probe",
      header: {
        ...header,
        tunnel: {
          source: outer === 4 ? "192.0.2.1" : "2001:db8::1",
          destination: outer === 4 ? "192.0.2.2" : "2001:db8::2",
          vni: 4097,
        },
      },
    });
    expect(runFilter(encodeFilter(identification), type, encoded)).toBe(true);
    expect(runFilter(encodeFilter(identification + 1), type, encoded)).toBe(false);
  });

  it("is told from a packet that has the same number by chance", () => {
    const ends = { source: ip("10.40.1.2"), destination: ip("10.40.2.2"), identification: 7 };
    const other = encodePacket(ends, { kind: "udp", sourcePort: 1, destinationPort: 2 }, new Uint8Array(40));
    expect(decodePacket(ETH.ip, within(4, other), 7)).toBeUndefined();
  });
});

describe("the filter of the packet sockets", () => {
  it("lets the probe pass and no other packet", () => {
    fc.assert(
      fc.property(packet, ([ip, how, payload]) => {
        const { identification = 0 } = ip;
        const encoded = encodePacket(ip, how, payload);
        expect(runFilter(encodeFilter(identification), etherType(ip), encoded)).toBe(true);
        expect(runFilter(encodeFilter((identification % 0xffff) + 1), etherType(ip), encoded)).toBe(false);
      }),
      { seed },
    );
  });

  it("lets pass what asks for neighbours", () => {
    expect(runFilter(encodeFilter(7), ETH.arp, new Uint8Array(28))).toBe(true);
    const asked = encodePacket(
      { source: ip("fd00::2"), destination: ip("ff02::1") },
      { kind: "icmp", type: 135, id: 0, sequence: 0 },
      new Uint8Array(16),
    );
    expect(runFilter(encodeFilter(7), ETH.ip6, asked)).toBe(true);
    expect(runFilter(encodeFilter(7), 0x88cc, asked)).toBe(false);
  });
});

/** The few instructions of linux/filter.h that it is made of. @returns whether the packet is kept */
function runFilter(program: Uint8Array, protocol: number, from: Uint8Array): boolean {
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const [code, k] = [readU16(program, at * 8), readU32(program, at * 8 + 4)];
    if (code === 0x06) return k !== 0;
    if (code === 0x15) at += program[at * 8 + (accumulator === k ? 2 : 3)] ?? 0;
    else if (k === 0xfffff000) accumulator = protocol;
    else {
      const length = code === 0x28 ? 2 : 1;
      // A load behind the end refuses the packet.
      if (k + length > from.length) return false;
      accumulator = length === 2 ? readBe16(from, k) : (from[k] ?? 0);
    }
  }
}
