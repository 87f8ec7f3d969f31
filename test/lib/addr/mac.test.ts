import fc from "fast-check";
import { expect, test } from "vitest";
import { isUnicastMac, localMac, mac, macBytes, macFromBytes, parseMac } from "../../../lib/addr/mac.ts";
import { seed } from "../seed.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

test("a MAC has one canonical text whatever form it is written in", () => {
  fc.assert(
    fc.property(bytes(6), fc.boolean(), (value, upper) => {
      const digits = Array.from(value, (byte) => byte.toString(16).padStart(2, "0"));
      const text = digits.join("");
      const forms = [
        digits.join(":"),
        digits.join("-"),
        `${text.slice(0, 4)}.${text.slice(4, 8)}.${text.slice(8)}`,
      ];
      for (const form of forms) expect(parseMac(upper ? form.toUpperCase() : form)).toBe(digits.join(":"));
      expect(macFromBytes(macBytes(macFromBytes(value)))).toBe(digits.join(":"));
    }),
    { seed },
  );
});

test("a MAC made of a hash is locally administered and unicast", () => {
  fc.assert(
    fc.property(bytes(32), (hash) => {
      const made = localMac(Buffer.from(hash).toString("hex"));
      expect(macBytes(made).subarray(1)).toEqual(Uint8Array.from(hash.subarray(1, 6)));
      expect(isUnicastMac(made)).toBe(true);
      expect((macBytes(made)[0] ?? 0) & 3).toBe(2);
    }),
    { seed },
  );
});

test.each([
  "",
  "02:00:00:00:00",
  "02:00:00:00:00:00:00",
  "02-00:00:00:00:00",
  "0200.0000",
  "020000000000",
  "02:00:00:00:00:0g",
  "80:00:02:08:fe:80:00:00:00:00:00:00:02:00:00:00:00:00:00:01",
])("%j is no Ethernet MAC", (text) => {
  expect(parseMac(text)).toBeUndefined();
  expect(() => mac(text)).toThrow(RangeError);
});

test("multicast, broadcast and zero addresses are not for a NIC", () => {
  const texts = ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "02:00:00:00:00:01"];
  expect(texts.map((text) => isUnicastMac(mac(text)))).toEqual([false, false, false, true]);
});

test("bytes of another number than 6 are refused", () => {
  expect(() => macFromBytes(new Uint8Array(20))).toThrow(RangeError);
});
