import { isIPv6 } from "node:net";
import fc from "fast-check";
import { IPv4, IPv6 } from "ip-num";
import { describe, expect, test } from "vitest";
import {
  ip,
  ipBytes,
  ipFamily,
  ipFromBytes,
  ipFromNumber,
  ipNumber,
  isLoopback,
  isUnspecified,
  parseIp,
} from "../../../lib/addr/ip.ts";
import { seed } from "../seed.ts";

const parameters = { seed, numRuns: 300 };
const v4Number = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
/** Few distinct groups, so that runs of zeros of all lengths and places come up. */
const v6Number = fc
  .array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 0xffffn })), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((value, group) => (value << 16n) | group, 0n))
  .filter((value) => value >> 32n !== 0xffffn);

/** The eight groups in hexadecimal, with at least `width` digits each. */
const groupsOf = (value: bigint, width = 1): readonly string[] =>
  Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16).padStart(width, "0"),
  );

const accepts = (read: () => unknown): boolean => {
  try {
    read();
    return true;
  } catch {
    return false;
  }
};

describe("an IPv4 address", () => {
  test("reads and writes as ip-num does", () => {
    fc.assert(
      fc.property(v4Number, (value) => {
        const text = IPv4.fromNumber(value).toString();
        expect(parseIp(text)).toBe(text);
        expect(ipNumber(ip(text))).toBe(value);
        expect(ipFromNumber(4, value)).toBe(text);
        expect(ipFromBytes(ipBytes(ip(text)))).toBe(text);
      }),
      parameters,
    );
  });

  test("is refused exactly when ip-num refuses it", () => {
    const part = fc.oneof(
      fc.nat(300).map(String),
      fc.constantFrom("", "0", "00", "01", "a", "-1", "+1", "255"),
    );
    const text = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(text, (candidate) => {
        // ip-num takes "+1" for a number and an empty octet for nothing; neither is an address to inet_pton.
        if (/\+|^$|^\.|\.$|\.\./.test(candidate)) expect(parseIp(candidate)).toBeUndefined();
        else expect(parseIp(candidate) !== undefined).toBe(accepts(() => IPv4.fromString(candidate)));
      }),
      parameters,
    );
  });
});

describe("an IPv6 address", () => {
  test("has the value ip-num finds, in whatever form it is written", () => {
    fc.assert(
      fc.property(v6Number, fc.boolean(), (value, upper) => {
        const long = groupsOf(value).join(":");
        const padded = groupsOf(value, 4).join(":");
        const canonical = ipFromNumber(6, value);
        for (const form of [long, padded, canonical]) {
          expect(parseIp(upper ? form.toUpperCase() : form)).toBe(canonical);
        }
        expect(IPv6.fromString(canonical).getValue()).toBe(value);
        expect(ipNumber(canonical)).toBe(value);
        expect(ipFromBytes(ipBytes(canonical))).toBe(canonical);
        expect(ipFamily(canonical)).toBe(6);
      }),
      parameters,
    );
  });

  test("is written as the URL standard writes it, which follows RFC 5952", () => {
    fc.assert(
      fc.property(v6Number, (value) => {
        const host = new URL(`http://[${groupsOf(value).join(":")}]/`).hostname.slice(1, -1);
        expect(ipFromNumber(6, value)).toBe(host);
      }),
      parameters,
    );
  });

  test("is refused exactly when the runtime's own parser refuses it", () => {
    const group = fc.oneof(
      fc.nat(0xffff).map((n) => n.toString(16)),
      fc.constantFrom("", "", "0", "12345", "g", "1.2.3.4"),
    );
    const text = fc.array(group, { minLength: 1, maxLength: 10 }).map((groups) => groups.join(":"));
    fc.assert(
      fc.property(text, (candidate) => {
        fc.pre(candidate.includes(":"));
        expect(parseIp(candidate) !== undefined).toBe(isIPv6(candidate));
        // ip-num is the more generous about where "::" and dotted quads may stand: what we take, it takes.
        if (parseIp(candidate) !== undefined) expect(accepts(() => IPv6.fromString(candidate))).toBe(true);
      }),
      { ...parameters, numRuns: 1000 },
    );
  });

  test.each([
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["::FFFF:a01:203", "10.1.2.3"],
    ["0:0:0:0:0:ffff:0a01:0203", "10.1.2.3"],
  ])("mapped from IPv4 (%s) is its IPv4 address", (text, expected) => {
    expect(parseIp(text)).toBe(expected);
    expect(ipFromNumber(6, (0xffffn << 32n) | 0x0a010203n)).toBe("10.1.2.3");
  });

  test.each([
    "fe80::1%eth0",
    " ::1",
    "::1 ",
    "[::1]",
    ":",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "",
  ])("written %j is none", (text) => expect(parseIp(text)).toBeUndefined());
});

test("a number that does not fit the family is refused", () => {
  expect(() => ipFromNumber(4, 2n ** 32n)).toThrow(RangeError);
  expect(() => ipFromNumber(6, 2n ** 128n)).toThrow(RangeError);
  expect(() => ipFromNumber(4, -1n)).toThrow(RangeError);
  expect(() => ipFromBytes(new Uint8Array(5))).toThrow(RangeError);
  expect(() => ip("10.0.0")).toThrow("10.0.0");
});

test("loopback and unspecified addresses are told apart from others", () => {
  expect(["127.0.0.1", "127.9.9.9", "::1"].map((text) => isLoopback(ip(text)))).toEqual([true, true, true]);
  expect(["128.0.0.1", "::", "::127"].map((text) => isLoopback(ip(text)))).toEqual([false, false, false]);
  expect(["0.0.0.0", "::", "0:0::0"].map((text) => isUnspecified(ip(text)))).toEqual([true, true, true]);
  expect(isUnspecified(ip("0.0.0.1"))).toBe(false);
});
