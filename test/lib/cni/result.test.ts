import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ip, ipFromBytes } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import { prefix, prefixOf } from "../../../lib/addr/prefix.ts";
import { formatResult, requireExpressible } from "../../../lib/cni/format-result.ts";
import { parseResult } from "../../../lib/cni/parse-result.ts";
import { emptyResult, mergeResult, type Result } from "../../../lib/cni/result.ts";
import { supportedVersions } from "../../../lib/cni/version.ts";
import { seed } from "../seed.ts";
import { failure } from "./attachment.ts";

/** Everything a result can say. */
const full: Result = {
  interfaces: [
    { name: "vs0", mac: mac("02:00:00:00:00:01"), mtu: 1450 },
    {
      name: "eth0",
      mac: mac("02:00:00:00:00:ab"),
      mtu: 1450,
      sandbox: "/run/netns/a",
      socketPath: "/s",
      pciID: "0:1",
    },
  ],
  ips: [
    { address: prefix("10.1.0.5/16"), gateway: ip("10.1.0.1"), interface: 1 },
    { address: prefix("2001:db8::5/64"), gateway: ip("2001:db8::1"), interface: 1 },
    { address: prefix("10.2.0.5/16"), interface: 0 },
  ],
  routes: [
    {
      dst: prefix("0.0.0.0/0"),
      gw: ip("10.1.0.1"),
      mtu: 1400,
      advmss: 1360,
      priority: 10,
      table: 100,
      scope: 0,
    },
    { dst: prefix("::/0") },
  ],
  dns: { nameservers: ["10.1.0.1"], domain: "x.y", search: ["x.y"], options: ["ndots:1"] },
};

const dns = { nameservers: ["10.1.0.1"], domain: "x.y", search: ["x.y"], options: ["ndots:1"] };
const pair = {
  ip4: { ip: "10.1.0.5/16", gateway: "10.1.0.1", routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }] },
  ip6: { ip: "2001:db8::5/64", gateway: "2001:db8::1", routes: [{ dst: "::/0" }] },
  dns,
};
const short = {
  interfaces: [
    { name: "vs0", mac: "02:00:00:00:00:01" },
    { name: "eth0", mac: "02:00:00:00:00:ab", sandbox: "/run/netns/a" },
  ],
  routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }, { dst: "::/0" }],
};
const versioned = {
  interfaces: short.interfaces,
  ips: [
    { version: "4", address: "10.1.0.5/16", gateway: "10.1.0.1", interface: 1 },
    { version: "6", address: "2001:db8::5/64", gateway: "2001:db8::1", interface: 1 },
    { version: "4", address: "10.2.0.5/16", interface: 0 },
  ],
  routes: short.routes,
  dns,
};
const plain = { ...versioned, ips: versioned.ips.map(({ version: _, ...rest }) => rest) };
const extended = {
  interfaces: [
    { name: "vs0", mac: "02:00:00:00:00:01", mtu: 1450 },
    {
      name: "eth0",
      mac: "02:00:00:00:00:ab",
      mtu: 1450,
      sandbox: "/run/netns/a",
      socketPath: "/s",
      pciID: "0:1",
    },
  ],
  ips: plain.ips,
  routes: [
    { dst: "0.0.0.0/0", gw: "10.1.0.1", mtu: 1400, advmss: 1360, priority: 10, table: 100, scope: 0 },
    { dst: "::/0" },
  ],
  dns,
};
const written = {
  "0.1.0": pair,
  "0.2.0": pair,
  "0.3.0": versioned,
  "0.3.1": versioned,
  "0.4.0": versioned,
  "1.0.0": plain,
  "1.1.0": extended,
} as const;

describe.each(supportedVersions)("a result of %s", (version) => {
  const form = written[version];

  test("C32 C34 C35 C36 C37 C38 C39 is written as that version says, in the specification's order of keys", () => {
    expect(JSON.stringify(formatResult(full, version))).toBe(
      JSON.stringify({ cniVersion: version, ...form }),
    );
  });

  test("is read back, with or without its version, and written again unchanged", () => {
    const json = { cniVersion: version, ...form };
    const parsed = parseResult(json, "1.1.0");
    expect(parseResult(form, version)).toEqual(parsed);
    expect(formatResult(parsed, version)).toEqual(json);
  });

  test("that says little leaves out what is not set and prints no null", () => {
    const address = { ...emptyResult, ips: [{ address: prefix("10.0.0.1/8") }] };
    const text = JSON.stringify(formatResult(address, version));
    const expected = {
      "ip4-ip6": '"ip4":{"ip":"10.0.0.1/8"},"dns":{}',
      "versioned-ips": '"ips":[{"version":"4","address":"10.0.0.1/8"}],"dns":{}',
      ips: '"ips":[{"address":"10.0.0.1/8"}]',
    };
    const kind = version < "0.3.0" ? "ip4-ip6" : version < "1.0.0" ? "versioned-ips" : "ips";
    expect(text).toBe(`{"cniVersion":"${version}",${expected[kind]}}`);
  });

  test("C42 has canonical addresses and lower-case MACs whatever came in", () => {
    const loose = JSON.parse(
      JSON.stringify(form).replaceAll("2001:db8::", "2001:0DB8:0::").replaceAll("00:ab", "00:AB"),
    );
    const text = JSON.stringify(formatResult(parseResult(loose, version), version));
    expect(text).toBe(JSON.stringify({ cniVersion: version, ...form }));
  });
});

describe("C39 below 0.3.0", () => {
  test("a result without an address is code 1, and one can ask before anything is made", () => {
    for (const version of supportedVersions) {
      if (version >= "0.3.0") requireExpressible(version, 0);
      else {
        expect(failure(() => formatResult(emptyResult, version)).code).toBe(1);
        expect(failure(() => requireExpressible(version, 0)).code).toBe(1);
        requireExpressible(version, 1);
      }
    }
  });

  test("an address under the key of the other family is refused", () => {
    const error = failure(() => parseResult({ ip4: { ip: "2001:db8::1/64" } }, "0.2.0"));
    expect([error.code, error.message]).toEqual([6, expect.stringContaining("result.ip4.ip")]);
  });

  test("only IPv6 is written without ip4", () => {
    const six = { ...emptyResult, ips: [{ address: prefix("::1/128") }] };
    expect(formatResult(six, "0.2.0")).toEqual({ cniVersion: "0.2.0", ip6: { ip: "::1/128" }, dns: {} });
  });
});

describe("reading a result", () => {
  test("takes Go's spelling, nulls and empty texts", () => {
    const json = {
      CNIVersion: "1.0.0",
      Interfaces: [{ Name: "eth0", Mac: "", Sandbox: "" }],
      IPs: [{ Address: "10.0.0.1/8", Gateway: "", Interface: null }],
      Routes: null,
      DNS: { Nameservers: null },
    };
    expect(parseResult(json, "1.1.0")).toEqual({
      ...emptyResult,
      interfaces: [{ name: "eth0" }],
      ips: [{ address: "10.0.0.1/8" }],
    });
  });

  test("tells interface 0 from none", () => {
    const ips = parseResult(
      { ips: [{ address: "10.0.0.1/8", interface: 0 }, { address: "10.0.0.2/8" }] },
      "1.0.0",
    ).ips;
    expect(ips.map((entry) => entry.interface)).toEqual([0, undefined]);
  });

  test("C97 does not stumble over an index without interface, as an IPAM may send", () => {
    expect(parseResult({ ips: [{ address: "10.0.0.1/8", interface: 3 }] }, "1.0.0").ips).toHaveLength(1);
  });

  test("counts mapped addresses as IPv4", () => {
    const json = { ips: [{ address: "::ffff:10.0.0.1/104", gateway: "::ffff:10.0.0.2" }] };
    expect(parseResult(json, "1.0.0").ips).toEqual([{ address: "10.0.0.1/8", gateway: "10.0.0.2" }]);
  });

  test("reads fields of 1.1.0 that leak into older results, and writes them only where they belong", () => {
    const parsed = parseResult({ cniVersion: "1.0.0", ...extended }, "1.0.0");
    expect(parsed).toEqual(full);
    expect(formatResult(parsed, "1.0.0")).toEqual({ cniVersion: "1.0.0", ...plain });
  });

  test.each([
    ["result.ips", { ips: {} }],
    ["result.ips[0]", { ips: ["10.0.0.1/8"] }],
    ["result.ips[0].address", { ips: [{ address: "10.0.0.1" }] }],
    ["result.ips[0].address", { ips: [{}] }],
    ["result.ips[0].gateway", { ips: [{ address: "10.0.0.1/8", gateway: "10.0.0.0/8" }] }],
    ["result.ips[0].interface", { ips: [{ address: "10.0.0.1/8", interface: "0" }] }],
    ["result.routes[0].dst", { routes: [{ gw: "10.0.0.1" }] }],
    ["result.routes[0].gw", { routes: [{ dst: "::/0", gw: "10.0.0.1" }] }],
    ["result.routes[0].mtu", { routes: [{ dst: "::/0", mtu: -1 }] }],
    ["result.routes[0].table", { routes: [{ dst: "::/0", table: 2 ** 32 }] }],
    ["result.interfaces[1]", { interfaces: [{ name: "a" }, null] }],
    ["result.interfaces[0].name", { interfaces: [{ name: 5 }] }],
    ["result.dns.search", { dns: { search: "x" } }],
    ["result", []],
    ["result.cniVersion", { cniVersion: 1 }],
  ])("names %s when it is wrong, with code 6", (path, json) => {
    const error = failure(() => parseResult(json, "1.1.0"));
    expect([error.code, error.message]).toEqual([6, expect.stringContaining(`${path}:`)]);
  });
});

describe("C40 prevResult", () => {
  const foreign = {
    cniVersion: "1.1.0",
    interfaces: [
      { name: "ib0", mac: "80:00:02:08:fe:80:00:00:00:00:00:00:02:00:00:00:00:00:00:01", vendor: { x: 1 } },
    ],
    ips: [{ address: "10.0.0.1/8", lifetime: 5 }],
    routes: [{ dst: "10.0.0.0/8", proto: "static" }],
    "example.com/extra": [1, { a: null }],
  };

  test("passes through unchanged, fields nobody knows and InfiniBand addresses included", () => {
    expect(formatResult(mergeResult(parseResult(foreign, "1.1.0"), emptyResult), "1.1.0")).toEqual(foreign);
  });

  test("keeps a key named __proto__ a key", () => {
    const json = JSON.parse('{"ips":[],"__proto__":{"a":1}}');
    const text = JSON.stringify(formatResult(parseResult(json, "1.1.0"), "1.1.0"));
    expect(text).toBe('{"cniVersion":"1.1.0","__proto__":{"a":1}}');
  });

  test("is extended: indices move, what is already there is not repeated", () => {
    const before = parseResult(
      { interfaces: [{ name: "lo", sandbox: "/a" }], dns: { domain: "d" } },
      "1.1.0",
    );
    const merged = mergeResult(before, full);
    expect(merged.interfaces.map((link) => link.name)).toEqual(["lo", "vs0", "eth0"]);
    expect(merged.ips.map((entry) => entry.interface)).toEqual([2, 2, 1]);
    expect(merged.dns).toEqual(dns);
    expect(mergeResult(merged, full)).toEqual(merged);
    expect(mergeResult(merged, emptyResult)).toEqual(merged);
    expect(mergeResult(undefined, full)).toBe(full);
  });

  test("keeps interfaces of one name in different namespaces apart", () => {
    const inside = { ...emptyResult, interfaces: [{ name: "eth0", sandbox: "/a" }] };
    const outside = {
      ...emptyResult,
      interfaces: [{ name: "eth0" }],
      ips: [{ address: prefix("10.0.0.1/8"), interface: 0 }],
    };
    const merged = mergeResult(inside, outside);
    expect(merged.interfaces).toHaveLength(2);
    expect(merged.ips[0]?.interface).toBe(1);
  });
});

test("any result of 1.1.0 is read back as it was written, and any version settles after one round", () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => prefixOf(ipFromBytes(bytes), 24)),
    fc
      .uint8Array({ minLength: 15, maxLength: 15 })
      .map((b) => prefixOf(ipFromBytes(Uint8Array.of(0x20, ...b)), 64)),
  );
  const number = fc.option(fc.nat(), { nil: undefined });
  const clean = <T extends object>(value: T): T =>
    Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
  const result = fc.record({
    interfaces: fc.array(fc.record({ name: fc.string({ minLength: 1 }), mtu: number }).map(clean)),
    ips: fc.array(fc.record({ address, interface: number }).map(clean), { minLength: 1 }),
    routes: fc.array(fc.record({ dst: address, priority: number, scope: number }).map(clean)),
    dns: fc.constant({}),
    extra: fc.record({ odd: fc.jsonValue() }),
  });
  fc.assert(
    fc.property(result, fc.constantFrom(...supportedVersions), (value, version) => {
      expect(parseResult(formatResult(value as Result, "1.1.0"), "1.1.0")).toEqual(value);
      const once = formatResult(value as Result, version);
      expect(formatResult(parseResult(once, version), version)).toEqual(once);
    }),
    { seed },
  );
});
