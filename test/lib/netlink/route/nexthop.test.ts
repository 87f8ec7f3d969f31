import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import {
  decodeNexthop,
  deleteNexthop,
  dumpNexthops,
  type NewNexthop,
  replaceNexthop,
} from "../../../../lib/netlink/route/nexthop.ts";
import { RTPROT_VSWITCH } from "../../../../lib/netlink/route/rtmsg.ts";
import { expectGolden } from "../expect-golden.ts";
import { golden } from "../golden.ts";

const nexthop = golden("route/nexthop.txt");
const NHMSG = 8;
const seven: NewNexthop = { id: 7, index: 4, gateway: ip("198.51.100.1"), onlink: true };
const eight: NewNexthop = { id: 8, index: 4, gateway: ip("fd00::1"), protocol: 118 };

test.each([
  ["ip nexthop replace id 7 via 198.51.100.1 dev vx9 onlink proto 118", replaceNexthop(seven)],
  ["ip nexthop replace id 8 via fd00::1 dev vx9 proto 118", replaceNexthop(eight)],
  ["ip nexthop show", dumpNexthops()],
  ["ip nexthop show dev vx9", dumpNexthops({ index: 4 })],
  ["ip nexthop del id 7", deleteNexthop(7)],
] as const)("%s is sent as ip sends it", (command, request) => {
  expectGolden(request, nexthop(command), NHMSG);
});

test("titles are the words of ip", () => {
  expect(replaceNexthop(seven).title).toBe("nexthop replace id 7 via 198.51.100.1 dev index 4 onlink");
  expect(deleteNexthop(7).title).toBe("nexthop del id 7");
  expect(dumpNexthops().title).toBe("nexthop show");
  expect(dumpNexthops({ index: 4 }).title).toBe("nexthop show dev index 4");
});

describe("next hop objects as the kernel tells of them", () => {
  const decoded = (command: string) =>
    nexthop(command)
      .replies.map(decodeNexthop)
      .map(({ attrs, ...object }) => object);
  const onLink = [
    { id: 7, index: 4, gateway: "198.51.100.1", onlink: true, protocol: RTPROT_VSWITCH },
    { id: 8, index: 4, gateway: "fd00::1", onlink: false, protocol: RTPROT_VSWITCH },
  ];

  test("are those of a link, with gateways of both families", () => {
    expect(decoded("ip nexthop show dev vx9")).toEqual(onLink);
  });

  test("have neither link nor gateway where they are black holes", () => {
    expect(decoded("ip nexthop show")).toEqual([
      ...onLink,
      { id: 9, index: undefined, gateway: undefined, onlink: false, protocol: expect.any(Number) },
    ]);
  });

  test("are what was asked for", () => {
    for (const wanted of [seven, eight]) {
      const { type, flags, payload } = replaceNexthop(wanted);
      expect(decodeNexthop({ type, flags, payload })).toMatchObject(wanted);
    }
  });

  test("must have a number", () => {
    const { type, flags, payload } = dumpNexthops({ index: 4 });
    expect(() => decodeNexthop({ type, flags, payload })).toThrow(RangeError);
  });
});
