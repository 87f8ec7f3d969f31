import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ip, ipFromBytes } from "../../../../lib/addr/ip.ts";
import { networkOf, prefix, prefixOf } from "../../../../lib/addr/prefix.ts";
import { decodeRoute } from "../../../../lib/netlink/route/decode-route.ts";
import {
  addRoute,
  deleteRoute,
  dumpRoutes,
  getRoute,
  type NewRoute,
  replaceRoute,
} from "../../../../lib/netlink/route/route.ts";
import { RTPROT_BOOT, RTPROT_KERNEL, RTPROT_VSWITCH } from "../../../../lib/netlink/route/rtmsg.ts";
import { seed } from "../../seed.ts";
import { expectGolden } from "../expect-golden.ts";
import { golden } from "../golden.ts";

const route = golden("route/route.txt");
const RTMSG = 12;

test.each([
  ["ip route add 10.9.0.0/16 dev vp2 proto 118", addRoute({ dst: prefix("10.9.0.0/16"), index: 3 })],
  [
    "ip route add default via 10.1.2.1 proto 118 metric 100 mtu 1400 advmss 1300 dev vp2",
    addRoute({
      dst: prefix("0.0.0.0/0"),
      gateway: ip("10.1.2.1"),
      index: 3,
      priority: 100,
      mtu: 1400,
      advmss: 1300,
    }),
  ],
  [
    "ip route add 192.0.2.0/24 via 198.51.100.1 src 10.1.2.3 table 1000 proto 118 dev vp2 onlink",
    addRoute({
      dst: prefix("192.0.2.0/24"),
      gateway: ip("198.51.100.1"),
      index: 3,
      onlink: true,
      src: ip("10.1.2.3"),
      table: 1000,
    }),
  ],
  [
    "ip -6 route add fd01::/64 dev vp2 proto 118 metric 5",
    addRoute({ dst: prefix("fd01::/64"), index: 3, priority: 5 }),
  ],
  [
    "ip route replace blackhole 203.0.113.0/24 proto 118",
    replaceRoute({ dst: prefix("203.0.113.0/24"), type: "blackhole" }),
  ],
  ["ip route show dev vp2", dumpRoutes({ family: 4, table: 254, index: 3 })],
  ["ip route show table 1000", dumpRoutes({ family: 4, table: 1000 })],
  ["ip route show proto 118", dumpRoutes({ family: 4, table: 254, protocol: RTPROT_VSWITCH })],
  ["ip -6 route show dev vp2", dumpRoutes({ family: 6, table: 254, index: 3 })],
  ["ip route get 192.0.2.1", getRoute(ip("192.0.2.1"))],
  ["ip route del 10.9.0.0/16 dev vp2", deleteRoute({ dst: prefix("10.9.0.0/16"), index: 3 })],
  ["ip route add 10.40.2.0/24 nhid 7 proto 118", addRoute({ dst: prefix("10.40.2.0/24"), nexthopId: 7 })],
  ["ip -6 route add fd40::/64 nhid 8 proto 118", addRoute({ dst: prefix("fd40::/64"), nexthopId: 8 })],
  [
    "ip route replace unreachable 10.40.0.0/16 proto 118 metric 4000",
    replaceRoute({ dst: prefix("10.40.0.0/16"), type: "unreachable", priority: 4000 }),
  ],
  [
    "ip -6 route add unreachable fd41::/48 proto 118 metric 4000",
    addRoute({ dst: prefix("fd41::/48"), type: "unreachable", priority: 4000 }),
  ],
  ["ip route del 10.40.2.0/24 nhid 7", deleteRoute({ dst: prefix("10.40.2.0/24"), nexthopId: 7 })],
] as const)("%s is sent as ip sends it", (command, request) => {
  expectGolden(request, route(command), RTMSG);
});

test("titles are the words of ip", () => {
  const all = {
    dst: prefix("0.0.0.0/0"),
    gateway: ip("10.0.0.1"),
    index: 3,
    onlink: true,
    src: ip("10.0.0.2"),
  };
  expect(addRoute({ ...all, priority: 5, table: 9, mtu: 1400, advmss: 1300 }).title).toBe(
    "route add default via 10.0.0.1 dev index 3 onlink src 10.0.0.2 metric 5 table 9 mtu 1400 advmss 1300",
  );
  expect(replaceRoute({ dst: prefix("10.0.0.0/8"), type: "unreachable" }).title).toBe(
    "route replace unreachable 10.0.0.0/8",
  );
  expect(dumpRoutes({ family: 6, index: 3, protocol: 118 }).title).toBe(
    "-6 route show table all dev index 3 proto 118",
  );
  expect(addRoute({ dst: prefix("10.40.2.0/24"), nexthopId: 7 }).title).toBe("route add 10.40.2.0/24 nhid 7");
  expect(getRoute(ip("fd00::1")).title).toBe("route get fd00::1");
});

describe("routes as the kernel tells of them", () => {
  const plain = {
    type: "unicast",
    index: 3,
    gateway: undefined,
    nexthops: [{ index: 3, gateway: undefined }],
    nexthopId: undefined,
    onlink: false,
    scope: "global",
    priority: 0,
    table: 254,
    protocol: RTPROT_BOOT,
    src: undefined,
    mtu: undefined,
    advmss: undefined,
    attrs: [],
  };
  const decoded = (command: string) =>
    route(command).replies.map((reply) => ({ ...decodeRoute(reply), attrs: [] }));
  const via = (gateway: string) => ({ gateway, nexthops: [{ index: 3, gateway }] });

  test("with gateways of both families, metrics and several next hops", () => {
    expect(decoded("ip route show dev vp2")).toEqual([
      {
        ...plain,
        ...via("10.1.2.1"),
        dst: "0.0.0.0/0",
        priority: 100,
        protocol: RTPROT_VSWITCH,
        mtu: 1400,
        advmss: 1300,
      },
      { ...plain, dst: "10.1.2.0/24", scope: "link", protocol: RTPROT_KERNEL, src: "10.1.2.3" },
      { ...plain, dst: "10.7.0.2/32", scope: "link", protocol: RTPROT_KERNEL, src: "10.7.0.1" },
      { ...plain, dst: "10.9.0.0/16", scope: "link", protocol: RTPROT_VSWITCH },
      {
        ...plain,
        dst: "198.18.0.0/15",
        index: undefined,
        nexthops: [
          { index: 3, gateway: "10.1.2.1" },
          { index: 3, gateway: "10.1.2.9" },
        ],
      },
      { ...plain, ...via("fd00::1"), dst: "198.51.100.0/24" },
    ]);
  });

  test("by next hop objects, whose gateway may be of the other family", () => {
    const ours = { ...plain, index: 4, protocol: RTPROT_VSWITCH };
    const by = (nexthopId: number, gateway: string) => ({
      ...ours,
      nexthopId,
      gateway,
      nexthops: [{ index: 4, gateway }],
    });
    expect(decoded("ip route show root 10.40.0.0/16 proto 118")).toEqual([
      {
        ...ours,
        dst: "10.40.0.0/16",
        type: "unreachable",
        index: undefined,
        nexthops: [],
        priority: 4000,
      },
      { ...by(7, "198.51.100.1"), dst: "10.40.2.0/24", onlink: true },
      { ...by(8, "fd00::1"), dst: "10.40.3.0/24" },
    ]);
    expect(decoded("ip -6 route show root fd40::/12 proto 118")).toMatchObject([
      { ...by(8, "fd00::1"), dst: "fd40::/64", priority: 1024 },
      { dst: "fd41::/48", type: "unreachable", priority: 4000, nexthopId: undefined },
    ]);
    // What was found on the way is a copy, which does not name the object.
    expect(decoded("ip route get 10.40.3.1")).toMatchObject([{ gateway: "fd00::1", nexthopId: undefined }]);
  });

  test("in a table beyond 255", () => {
    expect(decoded("ip route show table 1000")).toEqual([
      {
        ...plain,
        ...via("198.51.100.1"),
        dst: "192.0.2.0/24",
        table: 1000,
        protocol: RTPROT_VSWITCH,
        onlink: true,
        src: "10.1.2.3",
      },
    ]);
  });

  test("a black hole leads nowhere", () => {
    expect(decoded("ip route show proto 118").at(-1)).toEqual({
      ...plain,
      dst: "203.0.113.0/24",
      type: "blackhole",
      index: undefined,
      nexthops: [],
      protocol: RTPROT_VSWITCH,
    });
  });

  test("the IPv6 default route is ::/0", () => {
    expect(
      decoded("ip -6 route show dev vp2").map(({ dst, gateway, priority }) => [dst, gateway, priority]),
    ).toEqual([
      ["fd00::/64", undefined, 256],
      ["fd01::/64", undefined, 5],
      ["::/0", "fd00::1", 1024],
    ]);
  });

  test("the way to an address", () => {
    expect(decoded("ip route get 192.0.2.1")).toMatchObject([
      { dst: "192.0.2.1/32", gateway: "10.1.2.1", src: "10.1.2.3", index: 3, mtu: 1400 },
    ]);
    expect(decoded("ip -6 route get fd00::9")).toMatchObject([
      { dst: "fd00::9/128", gateway: undefined, src: "fd00::3", index: 3 },
    ]);
  });
});

test("what is encoded is what is decoded", () => {
  const address = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map(ipFromBytes);
  const number = fc.integer({ min: 1, max: 0xffff_ffff });
  const arbitrary = fc.constantFrom(4, 16).chain((size) =>
    fc.record(
      {
        dst: fc
          .tuple(address(size), fc.nat(size * 8))
          .map(([value, length]) => networkOf(prefixOf(value, length))),
        index: number,
        gateway: address(size),
        onlink: fc.boolean(),
        priority: number,
        table: number,
        mtu: number,
        advmss: number,
        protocol: fc.nat(255),
        src: address(size),
        type: fc.constantFrom("unicast", "blackhole", "unreachable"),
      },
      { requiredKeys: ["dst"] },
    ),
  );
  const notMapped = (value: NewRoute) =>
    ![value.dst, value.src, value.gateway].some((one) => one?.startsWith("::ffff"));
  fc.assert(
    fc.property(arbitrary.filter(notMapped), (wanted: NewRoute) => {
      const { type, flags, payload } = addRoute(wanted);
      expect(decodeRoute({ type, flags, payload })).toMatchObject({
        table: 254,
        protocol: RTPROT_VSWITCH,
        ...wanted,
      });
    }),
    { seed },
  );
});
