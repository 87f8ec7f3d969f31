import fc from "fast-check";
import { expect, test } from "vitest";
import { ip, ipFromBytes } from "../../../../lib/addr/ip.ts";
import { prefix, prefixOf } from "../../../../lib/addr/prefix.ts";
import {
  addAddress,
  decodeAddress,
  deleteAddress,
  dumpAddresses,
  type NewAddress,
  replaceAddress,
} from "../../../../lib/netlink/route/address.ts";
import type { Scope } from "../../../../lib/netlink/route/scope.ts";
import { seed } from "../../seed.ts";
import { expectGolden } from "../expect-golden.ts";
import { golden } from "../golden.ts";

const address = golden("route/address.txt");
const IFADDRMSG = 8;

test.each([
  [
    "ip addr add 10.1.2.3/24 brd 10.1.2.255 dev vp2",
    addAddress({ index: 3, address: prefix("10.1.2.3/24"), broadcast: ip("10.1.2.255") }),
  ],
  [
    "ip addr replace 10.1.2.4/24 dev vp2 noprefixroute",
    replaceAddress({ index: 3, address: prefix("10.1.2.4/24"), noPrefixRoute: true }),
  ],
  [
    "ip addr add fd00::3/64 dev vp2 nodad",
    addAddress({ index: 3, address: prefix("fd00::3/64"), noDad: true }),
  ],
  [
    "ip addr add 10.1.3.1/32 dev vp2 scope link",
    addAddress({ index: 3, address: prefix("10.1.3.1/32"), scope: "link" }),
  ],
  ["ip addr show dev vp2", dumpAddresses({ index: 3 })],
  ["ip addr del 10.1.2.4/24 dev vp2", deleteAddress(3, prefix("10.1.2.4/24"))],
] as const)("%s is sent as ip sends it", (command, request) => {
  expectGolden(request, address(command), IFADDRMSG);
});

test("titles are the words of ip", () => {
  const all = {
    index: 3,
    address: prefix("10.1.2.3/24"),
    broadcast: ip("10.1.2.255"),
    scope: "link",
  } as const;
  expect(addAddress({ ...all, noDad: true, noPrefixRoute: true }).title).toBe(
    "addr add 10.1.2.3/24 dev index 3 brd 10.1.2.255 scope link nodad noprefixroute",
  );
  expect(dumpAddresses({ family: 6, index: 3 }).title).toBe("-6 addr show dev index 3");
  expect(dumpAddresses().title).toBe("addr show");
});

test("addresses as the kernel tells of them", () => {
  const { replies } = address("ip addr show dev vp2");
  const plain = {
    index: 3,
    peer: undefined,
    broadcast: undefined,
    scope: "global",
    label: "vp2",
    permanent: true,
    tentative: false,
    dadFailed: false,
    noDad: false,
    noPrefixRoute: false,
    attrs: [],
  };
  expect(replies.map((reply) => ({ ...decodeAddress(reply), attrs: [] }))).toEqual([
    { ...plain, address: "10.1.3.1/32", scope: "link" },
    { ...plain, address: "10.1.2.3/24", broadcast: "10.1.2.255" },
    { ...plain, address: "10.7.0.1/32", peer: "10.7.0.2" },
    { ...plain, address: "10.1.2.4/24", noPrefixRoute: true },
    { ...plain, address: "fd00::3/64", label: undefined, noDad: true },
  ]);
});

test("what is encoded is what is decoded", () => {
  const bytes = fc.oneof(...[4, 16].map((size) => fc.uint8Array({ minLength: size, maxLength: size })));
  const arbitrary = fc.record({
    index: fc.nat(),
    address: fc.tuple(bytes, fc.nat(32)).map(([value, length]) => prefixOf(ipFromBytes(value), length)),
    scope: fc.constantFrom<Scope>("global", "link", "host", 17),
    noDad: fc.boolean(),
    noPrefixRoute: fc.boolean(),
  });
  fc.assert(
    fc.property(arbitrary, (wanted: NewAddress) => {
      const { type, flags, payload } = addAddress(wanted);
      expect(decodeAddress({ type, flags, payload })).toMatchObject(wanted);
    }),
    { seed },
  );
});
