import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip, ipFromBytes } from "../../../../lib/addr/ip.ts";
import { mac, macFromBytes } from "../../../../lib/addr/mac.ts";
import { networkOf, prefix, prefixOf } from "../../../../lib/addr/prefix.ts";
import { decodeMessage, encodeMessage, type Message4 } from "../../../../lib/dhcp/v4/message.ts";
import { encodeOptions, type Options, splitOptions } from "../../../../lib/dhcp/v4/options.ts";
import { decodeDatagram } from "../../../../lib/linux/dhcp/decode-datagram.ts";
import { seed } from "../../seed.ts";
import { goldenFrames } from "../golden-frames.ts";

const frame = goldenFrames("v4.txt");
const payload = (title: string): Uint8Array => {
  const datagram = decodeDatagram(frame(title));
  if (datagram === undefined) throw new Error(`${title} is no datagram`);
  return datagram.payload;
};

const discover: Message4 = {
  op: "request",
  xid: 0x22b27e09,
  secs: 0,
  broadcast: false,
  ciaddr: ip("0.0.0.0"),
  yiaddr: ip("0.0.0.0"),
  siaddr: ip("0.0.0.0"),
  giaddr: ip("0.0.0.0"),
  chaddr: mac("02:00:00:00:00:02"),
  options: {
    type: 1,
    maxBytes: 576,
    parameters: [1, 3, 6, 12, 15, 28, 42, 119, 121],
    hostname: "web",
    clientId: Uint8Array.of(1, 2, 0, 0, 0, 0, 2),
    others: [{ code: 60, bytes: new TextEncoder().encode("udhcp 1.35.0") }],
  },
};

describe("messages of DHCPv4", () => {
  it("are read as another client sent them, and written as it writes them but for the order of options", () => {
    const golden = payload("udhcpc: discover");
    expect(decodeMessage(golden)).toEqual(discover);
    const encoded = encodeMessage(discover);
    expect(encoded.subarray(0, 240)).toEqual(golden.subarray(0, 240));
    expect(encoded).toHaveLength(300);
    const sorted = (bytes: Uint8Array) =>
      [...splitOptions([bytes.subarray(240)])].toSorted(([a], [b]) => a - b);
    expect(sorted(encoded)).toEqual(sorted(golden));
  });

  it("are read as a server sent them", () => {
    expect(decodeMessage(payload("dnsmasq: ack"))).toMatchObject({
      op: "reply",
      xid: 0x22b27e09,
      yiaddr: "10.9.0.16",
      siaddr: "10.9.0.1",
      chaddr: "02:00:00:00:00:02",
      options: {
        type: 5,
        server: "10.9.0.1",
        leaseSeconds: 120,
        renewSeconds: 60,
        rebindSeconds: 105,
        subnetMask: 24,
        broadcast: "10.9.0.255",
        routers: ["10.9.0.1"],
        domain: "x.test",
        hostname: "web",
        search: ["a.test", "b.test"],
        routes: [
          { destination: "10.5.0.0/16", gateway: "10.9.0.7" },
          { destination: "0.0.0.0/0", gateway: "10.9.0.1" },
        ],
      },
    });
  });

  it("come back as they were written, whatever they hold", () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
      { seed },
    );
  });

  it("that are cut off within header or options are told so, and nothing else is thrown for any bytes", () => {
    const whole = encodeMessage(discover);
    const end = whole.lastIndexOf(255);
    for (let length = 0; length < end; length++) {
      const cut = () => decodeMessage(whole.subarray(0, length));
      // Between two options it reads as one without an end, which old servers send.
      const parts = splitBoundaries(whole);
      if (parts.includes(length)) cut();
      else expect(cut).toThrow(RangeError);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (options) => {
        const bytes = Uint8Array.from([...whole.subarray(0, 240), ...options]);
        try {
          decodeMessage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { seed },
    );
  });

  it("keep an option that holds something impossible as it came", () => {
    const broken = [
      { code: 1, bytes: Uint8Array.of(255, 0, 255, 0) },
      { code: 54, bytes: Uint8Array.of(10, 0, 0) },
      { code: 15, bytes: new TextEncoder().encode("a\nnameserver 6.6.6.6") },
      { code: 119, bytes: Uint8Array.of(0xc0, 0) },
      { code: 119, bytes: Uint8Array.of(3, 97, 32, 98, 0) },
      { code: 121, bytes: Uint8Array.of(33, 1, 2, 3, 4, 5, 6, 7, 8, 9) },
    ];
    for (const one of broken) {
      const { options } = decodeMessage(encodeMessage({ ...discover, options: { others: [one] } }));
      expect(options).toEqual({ others: [one] });
    }
  });

  it("with options in the older fields are read in the order of RFC 3396", () => {
    const bytes = encodeMessage({ ...discover, options: {} });
    bytes.set([52, 1, 3, 119, 3, 1, 97, 0, 255], 240);
    bytes.set([119, 2, 1, 98, 255], 108);
    bytes.set([119, 1, 0, 3, 4, 10, 0, 0, 1, 255], 44);
    expect(decodeMessage(bytes).options).toEqual({ search: ["a", "b"], routers: [ip("10.0.0.1")] });
  });

  it("split what is too long for one option", () => {
    const routes = Array.from({ length: 40 }, (_, i) => ({
      destination: prefix(`10.${i}.0.0/16`),
      gateway: ip("10.0.0.1"),
    }));
    const encoded = encodeOptions({ routes });
    expect(encoded.filter((byte, at) => byte === 121 && (encoded[at + 1] ?? 0) >= 25)).toHaveLength(2);
    expect(decodeMessage(encodeMessage({ ...discover, options: { routes } })).options).toEqual({ routes });
  });
});

/** Where an option begins. */
function splitBoundaries(message: Uint8Array): readonly number[] {
  const found: number[] = [];
  for (let at = 240; message[at] !== 255; at += 2 + (message[at + 1] ?? 0)) found.push(at);
  return found;
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const address = bytes(4).map(ipFromBytes);
const name = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
const domain = fc.array(name, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const several = { minLength: 1, maxLength: 5 } as const;
const u32 = fc.nat(0xffff_ffff);
const options: fc.Arbitrary<Options> = fc.record(
  {
    type: fc.nat(255),
    clientId: fc.uint8Array({ minLength: 2, maxLength: 30 }),
    requested: address,
    server: address,
    leaseSeconds: u32,
    renewSeconds: u32,
    rebindSeconds: u32,
    subnetMask: fc.nat(32),
    routers: fc.array(address, several),
    dns: fc.array(address, several),
    hostname: name,
    domain,
    mtu: fc.nat(0xffff),
    broadcast: address,
    timeServers: fc.array(address, several),
    maxBytes: fc.nat(0xffff),
    parameters: fc.array(fc.integer({ min: 1, max: 254 }), several),
    message: fc.stringMatching(/^[ -~]{0,300}$/),
    search: fc.array(domain, several),
    routes: fc.array(
      fc.record({
        destination: fc.tuple(address, fc.nat(32)).map(([to, length]) => networkOf(prefixOf(to, length))),
        gateway: address.filter((one) => one !== "0.0.0.0"),
      }),
      several,
    ),
    others: fc
      .uniqueArray(
        fc.record({ code: fc.constantFrom(2, 7, 43, 66, 250), bytes: fc.uint8Array({ maxLength: 600 }) }),
        {
          ...several,
          selector: ({ code }) => code,
        },
      )
      .map((list) => list.toSorted((a, b) => a.code - b.code)),
  },
  { requiredKeys: [] },
);
const messages: fc.Arbitrary<Message4> = fc.record({
  op: fc.constantFrom("request", "reply"),
  xid: u32,
  secs: fc.nat(0xffff),
  broadcast: fc.boolean(),
  ciaddr: address,
  yiaddr: address,
  siaddr: address,
  giaddr: address,
  chaddr: bytes(6).map(macFromBytes),
  options,
});
