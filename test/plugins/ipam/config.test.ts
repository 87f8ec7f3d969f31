import { describe, expect, test } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { type IpamConfig, parseIpamConfig } from "../../../plugins/ipam/config.ts";

const parse = (raw: JsonObject, ...rest: [Parameters<typeof parseIpamConfig>[1]?]): IpamConfig =>
  parseIpamConfig({ ipam: { type: "ipam", raw } }, ...rest);

/** "first-last, first-last" of each set, with the gateways. */
const shown = (config: IpamConfig): string[] =>
  config.sets.map(({ usable, ranges }) => {
    const intervals = usable
      .map(({ first, last }) => (first === last ? first : `${first}-${last}`))
      .join(" ");
    return `${intervals} gw ${ranges.map((range) => range.gateway ?? "none").join(" ")}`;
  });

describe("which addresses of a subnet are given out (T93)", () => {
  const cases: readonly [string, JsonObject, string][] = [
    [
      "/24: all but network, broadcast and gateway",
      { subnet: "10.1.2.0/24" },
      "10.1.2.2-10.1.2.254 gw 10.1.2.1",
    ],
    ["/30: one", { subnet: "10.1.2.0/30" }, "10.1.2.2 gw 10.1.2.1"],
    ["/31: the one beside the gateway (RFC 3021)", { subnet: "10.1.2.4/31" }, "10.1.2.5 gw 10.1.2.4"],
    ["/31 with the other gateway", { subnet: "10.1.2.4/31", gateway: "10.1.2.5" }, "10.1.2.4 gw 10.1.2.5"],
    ["/32: that address, without a gateway", { subnet: "10.1.2.4/32" }, "10.1.2.4 gw none"],
    [
      "/32 with a gateway elsewhere",
      { subnet: "10.1.2.4/32", gateway: "169.254.1.1" },
      "10.1.2.4 gw 169.254.1.1",
    ],
    ["/127", { subnet: "fd00::2/127" }, "fd00::3 gw fd00::2"],
    ["/128", { subnet: "fd00::2/128" }, "fd00::2 gw none"],
    ["/64", { subnet: "fd00::/64" }, "fd00::2-fd00::ffff:ffff:ffff:ffff gw fd00::1"],
    ["/48", { subnet: "fd00::/48" }, "fd00::2-fd00::ffff:ffff:ffff:ffff:ffff gw fd00::1"],
    ["/8", { subnet: "10.0.0.0/8" }, "10.0.0.2-10.255.255.254 gw 10.0.0.1"],
    [
      "a range",
      { subnet: "10.1.0.0/16", rangeStart: "10.1.3.7", rangeEnd: "10.1.3.9" },
      "10.1.3.7-10.1.3.9 gw 10.1.0.1",
    ],
    [
      "a gateway in the middle",
      { subnet: "10.1.2.0/29", gateway: "10.1.2.3" },
      "10.1.2.1-10.1.2.2 10.1.2.4-10.1.2.6 gw 10.1.2.3",
    ],
    ["a gateway at the end", { subnet: "10.1.2.0/29", gateway: "10.1.2.6" }, "10.1.2.1-10.1.2.5 gw 10.1.2.6"],
    [
      "a range with network and broadcast in it",
      { subnet: "10.1.2.0/29", rangeStart: "10.1.2.0", rangeEnd: "10.1.2.7" },
      "10.1.2.2-10.1.2.6 gw 10.1.2.1",
    ],
    ["keys in Go's case", { Subnet: "10.1.2.0/29", RANGESTART: "10.1.2.4" }, "10.1.2.4-10.1.2.6 gw 10.1.2.1"],
    [
      "the router anycast of IPv6 in the range",
      { subnet: "fd00::/126", rangeStart: "fd00::" },
      "fd00::2-fd00::3 gw fd00::1",
    ],
  ];
  test.each(cases)("%s", (_title, raw, expected) => expect(shown(parse(raw))).toEqual([expected]));
});

test("several sets: the subnet first, then the ranges; the gateway of one is no address of another", () => {
  const config = parse({
    subnet: "10.1.0.0/24",
    ranges: [
      [{ subnet: "fd00::/64" }],
      [
        { subnet: "10.2.0.0/24", rangeStart: "10.2.0.10", rangeEnd: "10.2.0.12" },
        { subnet: "10.2.0.0/24", rangeStart: "10.2.0.1", rangeEnd: "10.2.0.3", gateway: "10.2.0.11" },
      ],
    ],
  });
  expect(shown(config)).toEqual([
    "10.1.0.2-10.1.0.254 gw 10.1.0.1",
    "fd00::2-fd00::ffff:ffff:ffff:ffff gw fd00::1",
    "10.2.0.10 10.2.0.12 10.2.0.2-10.2.0.3 gw 10.2.0.1 10.2.0.11",
  ]);
});

test("ranges of the runtime come first, and a configured set that overlaps one gives way", () => {
  const raw = { ranges: [[{ subnet: "10.1.0.0/16" }], [{ subnet: "fd00::/64" }]] };
  const config = parse(raw, [[{ subnet: prefix("10.1.5.0/24"), gateway: ip("10.1.5.9") }]]);
  expect(shown(config)).toEqual([
    "10.1.5.1-10.1.5.8 10.1.5.10-10.1.5.254 gw 10.1.5.9",
    "fd00::2-fd00::ffff:ffff:ffff:ffff gw fd00::1",
  ]);
});

describe("what is refused, all at once, with path, expected and received", () => {
  const cases: readonly [string, JsonObject, RegExp][] = [
    [
      "host bits",
      { subnet: "10.1.2.3/24" },
      /ipam\.subnet: expected the network address, which is 10\.1\.2\.0\/24, received "10\.1\.2\.3\/24"/,
    ],
    [
      "no prefix",
      { subnet: "10.1.2.0" },
      /ipam\.subnet: expected a subnet such as .*, received "10\.1\.2\.0"/,
    ],
    ["IPv4-mapped prefix", { subnet: "::ffff:10.0.0.0/96" }, /ipam\.subnet/],
    [
      "start outside",
      { subnet: "10.1.2.0/24", rangeStart: "10.1.3.1" },
      /ipam\.rangeStart: expected an address in 10\.1\.2\.0\/24/,
    ],
    ["end in the other family", { subnet: "10.1.2.0/24", rangeEnd: "fd00::1" }, /ipam\.rangeEnd/],
    ["gateway outside", { subnet: "10.1.2.0/24", gateway: "10.1.3.1" }, /ipam\.gateway/],
    [
      "gateway that is none",
      { subnet: "10.1.2.0/24", gateway: "router" },
      /ipam\.gateway: expected an IP address, received "router"/,
    ],
    [
      "start after end",
      { subnet: "10.1.2.0/24", rangeStart: "10.1.2.9", rangeEnd: "10.1.2.8" },
      /rangeStart before rangeEnd/,
    ],
    [
      "nothing left",
      { subnet: "10.1.2.0/24", rangeStart: "10.1.2.1", rangeEnd: "10.1.2.1" },
      /a range with an address beside gateway/,
    ],
    ["overlapping sets", { subnet: "10.1.0.0/16", ranges: [[{ subnet: "10.1.2.0/24" }]] }, /do not overlap/],
    [
      "overlapping ranges of a set",
      { ranges: [[{ subnet: "10.1.0.0/16" }, { subnet: "10.1.2.0/24" }]] },
      /do not overlap/,
    ],
    [
      "both families in one set",
      { ranges: [[{ subnet: "10.1.0.0/16" }, { subnet: "fd00::/64" }]] },
      /ranges of one family/,
    ],
    ["an empty set", { ranges: [[]] }, /ipam\.ranges\[0\]/],
    [
      "a set that is no list",
      { ranges: [{ subnet: "10.1.0.0/16" }] },
      /ipam\.ranges\[0\]: expected array, received an object/,
    ],
    [
      "a range without subnet",
      { ranges: [[{ rangeStart: "10.1.0.1" }]] },
      /ipam\.ranges\[0\]\[0\]\.subnet: expected a value/,
    ],
    ["rangeStart without subnet", { rangeStart: "10.1.0.1" }, /rangeStart|subnet/],
    ["wrong type of subnet", { subnet: 5 }, /ipam\.subnet: expected string, received 5/],
    ["wrong type of routes", { subnet: "10.1.0.0/16", routes: "all" }, /ipam\.routes: expected array/],
    [
      "route without destination",
      { subnet: "10.1.0.0/16", routes: [{ gw: "10.1.0.1" }] },
      /ipam\.routes\[0\]\.dst/,
    ],
    [
      "route to nowhere",
      { subnet: "10.1.0.0/16", routes: [{ dst: "default" }] },
      /ipam\.routes\[0\]\.dst: expected a prefix/,
    ],
    ["relative dataDir", { subnet: "10.1.0.0/16", dataDir: "state" }, /ipam\.dataDir/],
    ["negative cooldown", { subnet: "10.1.0.0/16", cooldown: -1 }, /ipam\.cooldown/],
    ["loopback", { subnet: "127.0.0.0/8" }, /a subnet that hosts may have/],
    ["multicast", { subnet: "224.0.0.0/24" }, /a subnet that hosts may have/],
    ["IPv6 multicast", { subnet: "ff02::/64" }, /a subnet that hosts may have/],
    ["everything", { subnet: "0.0.0.0/0" }, /a subnet that hosts may have/],
  ];
  test.each(cases)("%s", (_title, raw, text) => {
    expect(() => parse(raw)).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringMatching(text) }),
    );
  });

  test("several faults in one error", () => {
    const raw = { subnet: "10.1.2.3/24", ranges: [[{ subnet: "x" }]], routes: [{ dst: "y" }] };
    expect(() => parse(raw)).toThrow(/ipam\.subnet.*ipam\.ranges\[0\]\[0\]\.subnet.*ipam\.routes\[0\]\.dst/);
  });

  test.each([{ subnett: "10.1.0.0/16" }, { ranges: [[{ subnet: "10.1.0.0/16", gatway: "10.1.0.1" }]] }])(
    "a misspelt key is CNI error 2 with the key that was meant: %j",
    (raw) => {
      expect(() => parse(raw)).toThrow(
        expect.objectContaining({
          code: 2,
          message: expect.stringMatching(/expected the key (subnet|gateway)/),
        }),
      );
    },
  );

  test("keys of others are left alone", () => {
    expect(parse({ subnet: "10.1.0.0/16", "example.com/tag": 1, podCidr: "x", dns: {} }).sets).toHaveLength(
      1,
    );
  });
});

test("routes, resolvConf and cooldown", () => {
  const config = parse({
    subnet: "10.1.0.0/16",
    routes: [{ dst: "0.0.0.0/0" }, { Dst: "fd01::/64", GW: "fd00::9", mtu: 1400, priority: 5 }],
    resolvConf: "/etc/resolv.conf",
    cooldown: 1.5,
  });
  expect(config.routes).toEqual([
    { dst: "0.0.0.0/0" },
    { dst: "fd01::/64", gw: "fd00::9", mtu: 1400, priority: 5 },
  ]);
  expect(config).toMatchObject({ resolvConf: "/etc/resolv.conf", cooldownMs: 1500 });
  expect(parse({ subnet: "10.1.0.0/16", routes: null, ranges: null })).toMatchObject({
    routes: [],
    cooldownMs: 60_000,
  });
});
