import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  familyBits,
  type Ip,
  ip,
  ipFamily,
  ipFromNumber,
  ipNumber,
  parseIp,
} from "../../../../lib/addr/ip.ts";
import { linkLocal } from "../../../../lib/addr/mac.ts";
import { contains, networkOf, prefix, prefixOf } from "../../../../lib/addr/prefix.ts";
import { vtepMac } from "../../../../lib/model/vtep.ts";
import { pseudonymiser } from "../../../../plugins/vswitch/bundle/pseudonyms.ts";
import { seed } from "../../../lib/seed.ts";

const seeded = <T>(property: fc.IProperty<T>) => fc.assert(property, { seed });

const own = [prefix("10.88.0.0/16"), prefix("fd00:88::/64")];
const hide = pseudonymiser("key", own);

/** Addresses of the outside. */
const outside = fc
  .oneof(
    fc.bigInt({ min: 1n << 24n, max: (1n << 32n) - 2n }).map((value) => ipFromNumber(4, value)),
    fc.bigInt({ min: 1n << 100n, max: (1n << 128n) - 1n }).map((value) => ipFromNumber(6, value)),
  )
  .filter((ip) => {
    const quiet = ["127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "ff00::/8", "fe80::/10"].map(prefix);
    return ![...own, ...quiet].some((one) => contains(one, ip));
  });

/** How many bits two addresses begin with alike. */
function common(a: Ip, b: Ip): number {
  const bits = familyBits(ipFamily(a));
  const different = ipNumber(a) ^ ipNumber(b);
  return different === 0n ? bits : bits - different.toString(2).length;
}

describe("an address of the outside", () => {
  test("has another name, always the same one, in a place that nobody takes for real", () => {
    seeded(
      fc.property(outside, (ip) => {
        const name = hide(ip) as Ip;
        expect(hide(`again ${ip}`)).toBe(`again ${name}`);
        const place = ipFamily(ip) === 4 ? prefix("240.0.0.0/4") : prefix("2001:db8::/32");
        expect(contains(place, name)).toBe(true);
      }),
    );
  });

  test("shares with another as long a prefix as their names do, behind the first bits", () => {
    seeded(
      fc.property(outside, fc.nat(27), fc.bigInt({ min: 0n, max: (1n << 27n) - 1n }), (ip, length, noise) => {
        const family = ipFamily(ip);
        const other = ipFromNumber(family, ipNumber(ip) ^ (noise & ((1n << BigInt(length)) - 1n)));
        const names = [hide(ip), hide(other)] as [Ip, Ip];
        if (hide(other) === other) return;
        expect(common(...names)).toBe(common(ip, other));
      }),
    );
  });

  test.each([
    ["8.8.8.8,", ","],
    ["via 8.8.8.8.", "."],
    ['"8.8.8.8:53"', ':53"'],
    ["[2001:4860:4860::8888]:53", "]:53"],
    ["2001:4860:4860::8888.", "."],
    ["8.8.8.0/24 via 8.8.8.1", ""],
    ["8.8.8.1-8.8.8.9", ""],
    ["::ffff:8.8.8.8", ""],
    ["dst=2001:4860:4860::8888;", ";"],
    ["2001:4860:4860:0:0:0:0:8888/128", "/128"],
    ["2001:4860::/32", "/32"],
    ["from:8.8.8.8;", ";"],
    ["from:2001:4860:4860::8888/64,", "/64,"],
    ["x:2001:4860:4860::8888:", ":"],
    ["host_8.8.8.8_eth0", "_eth0"],
    ["8.8.8.8/1.0", "/1.0"],
    ["8.8.8.8/99", "/99"],
    ["8.8.8.8/1", "/1"],
  ])("is found in %j", (text, end) => {
    const hidden = hide(text);
    expect(hidden).not.toMatch(/8\.8\.8|4860|8888/);
    expect(hidden.endsWith(end)).toBe(true);
  });

  test("stays a network when it is one, and an interface's address when it is that", () => {
    const network = prefix(hide("203.0.113.0/24"));
    expect(networkOf(network)).toBe(network);
    const address = hide("203.0.113.7/24");
    expect(contains(network, address.split("/")[0] as Ip)).toBe(true);
    expect(address).not.toBe(networkOf(prefix(address)));
  });

  test("is nowhere in a MAC that was made of it, nor in the link-local address of that", () => {
    const vtep = ip("203.0.113.7");
    const mac = vtepMac(vtep);
    const name = hide(vtep) as Ip;
    expect(hide(mac)).toBe(vtepMac(name));
    expect(hide(linkLocal(mac))).toBe(linkLocal(vtepMac(name)));
    const container = vtepMac(ip("10.88.0.7"));
    expect(hide(container)).toBe(container);
  });

  test("has other names with another key", () => {
    expect(pseudonymiser("another", own)("203.0.113.7")).not.toBe(hide("203.0.113.7"));
  });
});

describe("what says nothing about anybody", () => {
  test.each([
    "10.88.0.5/16",
    "fd00:88::5",
    "0.0.0.0/0",
    "::/0",
    "0.0.0.0/1",
    "127.0.0.1:8080",
    "::1",
    "224.0.0.1",
    "ff02::1:ff00:5",
    "169.254.1.1",
    "255.255.255.255",
    "fe80::1",
    "2026-11-25T19:16:00.123Z",
    "12:30:59",
    "add element inet vswitch guarded",
    "f477b9d868594468c5bcb79d0560b63a",
    "version 1.2.3",
    "sha256:abcdef",
    "02:aa:bb:cc:dd:01",
    "ff:ff:ff:ff:ff:ff",
  ])("stays as it is: %s", (text) => {
    expect(hide(text)).toBe(text);
  });
});

describe("a hardware address", () => {
  test("has another name, in link-local addresses too", () => {
    const name = hide("00:1b:21:3c:4d:5e");
    expect(name).toMatch(/^0e:/);
    const hidden = hide("fe80::21b:21ff:fe3c:4d5e/64");
    expect(hidden).not.toContain("4d5e");
    const id = name.split(":");
    expect(hidden).toContain(`${Number.parseInt(id[4] ?? "", 16).toString(16)}${id[5]}`);
  });

  test("that software made up stays, in link-local addresses too", () => {
    expect(hide("fe80::3858:feff:fecf:c614")).toBe("fe80::3858:feff:fecf:c614");
  });
});

test("whatever else is in a text is left alone, and nothing of an address of the outside", () => {
  const junk = fc.string({
    unit: fc.constantFrom(..." ,;=[](){}\"'\n-/|<>@#".split("")),
    minLength: 1,
    maxLength: 4,
  });
  seeded(
    fc.property(fc.array(fc.tuple(junk, outside)), (parts) => {
      const text = parts.map(([before, ip]) => `${before}${ip}`).join("");
      const hidden = hide(text);
      const tokens = hidden.split(/[^0-9a-f:.]+/).filter((token) => parseIp(token) !== undefined);
      expect(tokens).toEqual(parts.map(([, ip]) => hide(ip)));
      expect(hidden.replace(/[0-9a-f:.]+/g, "")).toBe(text.replace(/[0-9a-f:.]+/g, ""));
    }),
  );
});

test("prefixes of any length stay prefixes of that length", () => {
  seeded(
    fc.property(outside, fc.nat(128), (ip, length) => {
      if (length > familyBits(ipFamily(ip))) return;
      expect(hide(prefixOf(ip, length)).split("/")[1]).toBe(`${length}`);
    }),
  );
});
