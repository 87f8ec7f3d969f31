import fc from "fast-check";
import { expect, test } from "vitest";
import { ip, ipFromNumber } from "../../../lib/addr/ip.ts";
import {
  addressKey,
  addressOfKey,
  compareKeys,
  firstKey,
  lastKey,
  nextKey,
  previousKey,
} from "../../../lib/state/address-key.ts";
import { seed } from "../seed.ts";

const v6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
const isMapped = (n: bigint): boolean => n >> 32n === 0xffffn;

test("keys are 16 bytes, IPv4 in its mapped form, and turn back into the address", () => {
  expect(Buffer.from(addressKey(ip("10.1.2.3"))).toString("hex")).toBe("00000000000000000000ffff0a010203");
  const roundTrip = fc.property(v6, (n) => {
    const address = ipFromNumber(6, n);
    if (!isMapped(n)) expect(addressOfKey(addressKey(address))).toBe(address);
  });
  fc.assert(roundTrip, { seed });
  expect(addressOfKey(addressKey(ip("255.0.0.1")))).toBe("255.0.0.1");
});

test("the order of keys is that of the numbers, and steps go over byte borders", () => {
  const ordered = fc.property(v6, v6, (a, b) => {
    fc.pre(!isMapped(a) && !isMapped(b));
    const [x, y] = [addressKey(ipFromNumber(6, a)), addressKey(ipFromNumber(6, b))];
    expect(Math.sign(compareKeys(x, y))).toBe(a < b ? -1 : a > b ? 1 : 0);
    expect(nextKey(previousKey(x))).toEqual(x);
  });
  fc.assert(ordered, { seed });
  expect(addressOfKey(nextKey(addressKey(ip("10.0.255.255"))))).toBe("10.1.0.0");
  expect(addressOfKey(previousKey(addressKey(ip("fd00::1:0"))))).toBe("fd00::ffff");
  expect(nextKey(lastKey)).toEqual(firstKey);
});
