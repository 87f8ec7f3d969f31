import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipFromBytes } from "../../../../lib/addr/ip.ts";
import { linkLocal, mac } from "../../../../lib/addr/mac.ts";
import { duid } from "../../../../lib/dhcp/client-id.ts";
import {
  datagramOf6,
  decodeMessage6,
  encodeMessage6,
  type Message6,
} from "../../../../lib/dhcp/v6/message.ts";
import { decodeDatagram } from "../../../../lib/linux/dhcp/decode-datagram.ts";
import { seed } from "../../seed.ts";
import { goldenFrames } from "../golden-frames.ts";

const frame = goldenFrames("v6.txt");
const own = mac("02:00:00:00:00:02");
const key = "0123456789abcdef0123456789abcdef";
const read = (title: string): Message6 =>
  decodeMessage6(decodeDatagram(frame(title))?.payload ?? new Uint8Array());

describe("messages of DHCPv6", () => {
  it("are written as a server took them, from the link-local address to all servers", () => {
    const solicit: Message6 = {
      type: 1,
      xid: 0xb5e3ec,
      options: {
        clientId: duid(key),
        elapsed: 0,
        wanted: [23, 24],
        associations: [{ iaid: 0x01234567, t1Seconds: 0, t2Seconds: 0, addresses: [] }],
      },
    };
    const datagram = datagramOf6(solicit, own, linkLocal(own));
    expect(datagram).toEqual(decodeDatagram(frame("ours: solicit")));
    expect(read("ours: solicit")).toEqual(solicit);
  });

  it("are read as a server sent them", () => {
    expect(read("dnsmasq: reply")).toMatchObject({
      type: 7,
      options: {
        clientId: duid(key),
        associations: [
          {
            iaid: 0x01234567,
            t1Seconds: 60,
            t2Seconds: 105,
            addresses: [{ address: "fd09::1b", preferredSeconds: 120, validSeconds: 120 }],
          },
        ],
        status: { code: 0, text: "success" },
        dns: ["fd09::53"],
        search: ["a.test", "b.test"],
      },
    });
  });

  it("come back as they were written, whatever they hold", () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeMessage6(encodeMessage6(message))).toEqual(message);
      }),
      { seed },
    );
  });

  it("throw nothing but that they are cut off, whatever the bytes", () => {
    const whole = decodeDatagram(frame("dnsmasq: reply"))?.payload ?? new Uint8Array();
    fc.assert(
      fc.property(fc.nat(whole.length), fc.uint8Array({ maxLength: 60 }), (length, rest) => {
        try {
          decodeMessage6(Uint8Array.from([...whole.subarray(0, length), ...rest]));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { seed, numRuns: 1000 },
    );
    expect(() => decodeMessage6(whole.subarray(0, whole.length - 1))).toThrow(RangeError);
  });

  it("keep an option that holds something impossible as it came", () => {
    const others = [
      { code: 3, bytes: Uint8Array.of(1, 2, 3) },
      { code: 23, bytes: new Uint8Array(15) },
      { code: 24, bytes: Uint8Array.of(3, 97, 10, 98, 0) },
      { code: 99, bytes: Uint8Array.of(7) },
    ];
    expect(decodeMessage6(encodeMessage6({ type: 7, xid: 1, options: { others } })).options).toEqual({
      others,
    });
  });
});

const u32 = fc.nat(0xffff_ffff);
const bytes = fc.uint8Array({ minLength: 2, maxLength: 30 });
const address = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map(ipFromBytes)
  .filter((one) => one.includes(":"));
const status = fc.record({ code: fc.nat(0xffff), text: fc.stringMatching(/^[a-z ]{0,20}$/) });
const several = { minLength: 1, maxLength: 4 } as const;
const messages: fc.Arbitrary<Message6> = fc.record({
  type: fc.nat(255),
  xid: fc.nat(0xff_ffff),
  options: fc.record(
    {
      clientId: bytes,
      serverId: bytes,
      associations: fc.array(
        fc
          .record({
            iaid: u32,
            t1Seconds: u32,
            t2Seconds: u32,
            addresses: fc.array(fc.record({ address, preferredSeconds: u32, validSeconds: u32 }), several),
          })
          .chain((one) => fc.option(status).map((said) => (said === null ? one : { ...one, status: said }))),
        several,
      ),
      wanted: fc.array(fc.nat(0xffff), several),
      preference: fc.nat(255),
      elapsed: fc.nat(0xffff),
      status,
      dns: fc.array(address, several),
      search: fc.array(fc.constantFrom("a.test", "b.example.test"), several),
      others: fc.array(fc.record({ code: fc.integer({ min: 100, max: 200 }), bytes }), several),
    },
    { requiredKeys: [] },
  ),
});
