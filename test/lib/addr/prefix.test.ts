import fc from "fast-check";
import { IPv4, IPv4CidrRange, IPv6, IPv6CidrRange } from "ip-num";
import { describe, expect, test } from "vitest";
import { ip, ipFromNumber } from "../../../lib/addr/ip.ts";
import {
  bounds,
  contains,
  defaultPrefix,
  firstHost,
  hostPrefix,
  lastHost,
  networkOf,
  overlaps,
  parsePrefix,
  prefix,
  prefixAddress,
  prefixLength,
  prefixOf,
} from "../../../lib/addr/prefix.ts";
import { seed } from "../seed.ts";

const parameters = { seed, numRuns: 300 };
const v4 = fc.record({
  value: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
  length: fc.integer({ min: 0, max: 32 }),
});
const v6 = fc.record({
  // 2000::/3 keeps clear of the mapped block.
  value: fc.bigInt({ min: 2n ** 125n, max: 2n ** 126n - 1n }),
  length: fc.integer({ min: 0, max: 128 }),
});

const range4 = (p: { value: bigint; length: number }) =>
  IPv4CidrRange.fromCidr(`${IPv4.fromNumber(p.value)}/${p.length}`);
const range6 = (p: { value: bigint; length: number }) =>
  IPv6CidrRange.fromCidr(`${IPv6.fromBigInt(p.value)}/${p.length}`);

describe("a prefix", () => {
  test("of IPv4 begins and ends where ip-num says", () => {
    fc.assert(
      fc.property(v4, (p) => {
        const range = range4(p);
        const { first, last } = bounds(prefixOf(ipFromNumber(4, p.value), p.length));
        expect([first, last]).toEqual([range.getFirst().getValue(), range.getLast().getValue()]);
      }),
      parameters,
    );
  });

  test("of IPv6 begins and ends where ip-num says", () => {
    fc.assert(
      fc.property(v6, (p) => {
        const range = range6(p);
        const own = prefixOf(ipFromNumber(6, p.value), p.length);
        const { first, last } = bounds(own);
        expect([first, last]).toEqual([range.getFirst().getValue(), range.getLast().getValue()]);
        expect(networkOf(own)).toBe(prefixOf(ipFromNumber(6, first), p.length));
      }),
      parameters,
    );
  });

  test("overlaps and contains as ip-num's ranges do", () => {
    // Near each other, otherwise random prefixes hardly ever touch.
    const near = fc.record({
      value: fc.bigInt({ min: 0x0a000000n, max: 0x0a0000ffn }),
      length: fc.integer({ min: 22, max: 32 }),
    });
    fc.assert(
      fc.property(near, near, (a, b) => {
        const [x, y] = [range4(a), range4(b)];
        const touch = x.isEquals(y) || x.contains(y) || y.contains(x) || x.isOverlapping(y);
        const [p, q] = [a, b].map(({ value, length }) => prefixOf(ipFromNumber(4, value), length));
        if (p === undefined || q === undefined) throw new Error("two were made");
        expect(overlaps(p, q)).toBe(touch);
        const holds = x.getFirst().getValue() <= b.value && b.value <= x.getLast().getValue();
        expect(contains(p, prefixAddress(q))).toBe(holds);
      }),
      parameters,
    );
  });

  test.each([
    ["10.1.2.3/16", "10.1.2.3", 16],
    ["0.0.0.0/0", "0.0.0.0", 0],
    ["2001:DB8:0:0::5/64", "2001:db8::5", 64],
    ["::ffff:10.1.2.3/112", "10.1.2.3", 16],
    ["::ffff:10.1.2.3/96", "10.1.2.3", 0],
    ["::ffff:10.1.2.3/128", "10.1.2.3", 32],
  ])("%s keeps its host bits and canonical text", (text, address, length) => {
    const parsed = prefix(text);
    expect([prefixAddress(parsed), prefixLength(parsed)]).toEqual([address, length]);
  });

  test.each([
    "10.1.2.3",
    "10.1.2.3/",
    "10.1.2.3/33",
    "10.1.2.3/-1",
    "10.1.2.3/08",
    "10.1.2.3/8/8",
    "10.1.2.3/8 ",
    "10.1.2.3/0x8",
    "::1/129",
    "/8",
    "",
    // Reaches beyond the mapped block, so it is no IPv4 prefix.
    "::ffff:10.1.2.3/24",
  ])("written %j is none", (text) => {
    expect(parsePrefix(text)).toBeUndefined();
    expect(() => prefix(text)).toThrow(RangeError);
  });

  test.each([
    ["10.1.2.3/24", "10.1.2.1", "10.1.2.254"],
    ["10.1.2.3/30", "10.1.2.1", "10.1.2.2"],
    ["10.1.2.3/31", "10.1.2.2", "10.1.2.3"],
    ["10.1.2.3/32", "10.1.2.3", "10.1.2.3"],
    ["2001:db8::5/64", "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"],
    ["2001:db8::5/126", "2001:db8::5", "2001:db8::7"],
    ["2001:db8::5/127", "2001:db8::4", "2001:db8::5"],
    ["2001:db8::5/128", "2001:db8::5", "2001:db8::5"],
  ])("%s has hosts from %s to %s", (text, first, last) => {
    expect([firstHost(prefix(text)), lastHost(prefix(text))]).toEqual([first, last]);
  });

  test("of the other family neither contains nor overlaps", () => {
    expect(contains(defaultPrefix(6), ip("10.0.0.1"))).toBe(false);
    expect(overlaps(defaultPrefix(4), defaultPrefix(6))).toBe(false);
  });

  test("of one address is as long as its family", () => {
    expect([hostPrefix(ip("10.0.0.1")), hostPrefix(ip("::1"))]).toEqual(["10.0.0.1/32", "::1/128"]);
  });
});
