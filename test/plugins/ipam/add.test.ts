import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { testFolder } from "../../lib/state/fixture.ts";
import { ipamFor } from "./fixture.ts";

describe("a small pool", () => {
  const sizes: readonly [string, number][] = [
    ["10.1.0.0/28", 13],
    ["10.1.0.0/29", 5],
    ["10.1.0.0/30", 1],
    ["10.1.0.0/31", 1],
    ["10.1.0.0/32", 1],
    ["fd00::/125", 6],
    ["fd00::/127", 1],
    ["fd00::/128", 1],
  ];
  test.each(sizes)(
    "%s gives %i addresses, then 102 with the size, then again what DEL frees (T90)",
    (subnet, count) => {
      const ipam = ipamFor({ subnet });
      const given = Array.from({ length: count }, (_, i) => ipam.add(`c${i}`).ips[0]?.address);
      expect(new Set(given).size).toBe(count);
      const exhausted = {
        code: 102,
        message: expect.stringContaining(`all ${count} of`),
        details: expect.stringMatching(/DEL/),
      };
      expect(() => ipam.add("more")).toThrow(expect.objectContaining(exhausted));
      const freed = Math.floor(count / 2);
      ipam.del(`c${freed}`);
      expect(ipam.try("more")).toEqual([given[freed]]);
      expect(ipam.try("again")).toBe(102);
    },
  );

  test("a pool that is exhausted takes nothing from the others", () => {
    const ipam = ipamFor({ ranges: [[{ subnet: "10.1.0.0/24" }], [{ subnet: "10.2.0.0/30" }]] });
    expect(ipam.try("a")).toEqual(["10.1.0.2/24", "10.2.0.2/30"]);
    expect(ipam.try("b")).toBe(102);
    expect(ipam.store.leases.list()).toHaveLength(2);
  });
});

test("the result is host-local's: address with the subnet's length, gateway, routes, dns", () => {
  const resolvConf = join(testFolder(), "resolv.conf");
  writeFileSync(
    resolvConf,
    "# by hand\nnameserver 10.9.0.1\nnameserver fd00:0::1\ndomain a.test\nsearch b.test c.test\noptions ndots:5 edns0\n",
  );
  const ipam = ipamFor({
    ranges: [[{ subnet: "10.1.0.0/16" }], [{ subnet: "fd00::/64", gateway: "fd00::ff" }]],
    routes: [{ dst: "0.0.0.0/0" }, { dst: "10.8.0.0/16", gw: "10.1.0.9" }],
    resolvConf,
  });
  expect(ipam.add("a")).toEqual({
    interfaces: [],
    ips: [
      { address: "10.1.0.2/16", gateway: "10.1.0.1" },
      { address: "fd00::1/64", gateway: "fd00::ff" },
    ],
    routes: [{ dst: "0.0.0.0/0" }, { dst: "10.8.0.0/16", gw: "10.1.0.9" }],
    dns: {
      nameservers: ["10.9.0.1", "fd00::1"],
      domain: "a.test",
      search: ["b.test", "c.test"],
      options: ["ndots:5", "edns0"],
    },
  });
});

test("a resolvConf that is not there is CNI error 5, and nothing is leased", () => {
  const ipam = ipamFor({ subnet: "10.1.0.0/24", resolvConf: "/nonexistent/resolv.conf" });
  expect(() => ipam.add("a")).toThrow(
    expect.objectContaining({ code: 5, message: expect.stringContaining("/nonexistent") }),
  );
  expect(ipam.store.leases.list()).toEqual([]);
});

describe("an address that is asked for (T91, T92)", () => {
  const base = { ranges: [[{ subnet: "10.1.0.0/24", rangeEnd: "10.1.0.99" }], [{ subnet: "fd00::/64" }]] };
  const ask = (...ips: string[]) => ({ runtimeConfig: { ips } });

  test("is given when it is free, with or without a length, in each family", () => {
    const ipam = ipamFor(base);
    expect(ipam.try("a", ask("10.1.0.50"))).toEqual(["10.1.0.50/24", "fd00::2/64"]);
    expect(ipam.try("b", ask("fd00:0:0::77/64", "10.1.0.51/24"))).toEqual(["10.1.0.51/24", "fd00::77/64"]);
    expect(ipam.try("c", ask("::ffff:10.1.0.52"))).toEqual(["10.1.0.52/24", "fd00::3/64"]);
  });

  test("is 103 naming network, container and interface of the holder when it is taken", () => {
    const ipam = ipamFor(base);
    ipam.add("a", ask("10.1.0.50"));
    expect(() => ipam.add("b", ask("10.1.0.50"))).toThrow(
      expect.objectContaining({ code: 103, message: expect.stringContaining("net/a/eth0") }),
    );
    expect(ipam.store.leases.list()).toHaveLength(2);
  });

  const refused: readonly [string, string[], RegExp][] = [
    ["the gateway", ["10.1.0.1"], /gateway.*HCN_E_ADDR_INVALID_OR_RESERVED/],
    ["the network address", ["10.1.0.0"], /network or broadcast.*HCN_E_ADDR_INVALID_OR_RESERVED/],
    ["the broadcast address", ["10.1.0.255"], /network or broadcast.*HCN_E_ADDR_INVALID_OR_RESERVED/],
    ["in the subnet but not in the range", ["10.1.0.100"], /outside of .*10\.1\.0\.99.*HCN_E_INVALID_IP/],
    ["outside", ["192.0.2.1"], /outside of .*HCN_E_INVALID_IP/],
    ["asked for twice", ["10.1.0.5", "10.1.0.5"], /twice/],
    ["one of two of a set", ["10.1.0.5", "10.1.0.6"], /its set gives one address, and 10\.1\.0\.5/],
    ["no address", ["10.1.0.5.6"], /runtimeConfig\.ips\[0\]/],
  ];
  test.each(refused)("that is %s is error 7, and nothing is leased", (_title, ips, text) => {
    const ipam = ipamFor(base);
    expect(() => ipam.add("a", ask(...ips))).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringMatching(text) }),
    );
    expect(ipam.store.leases.list()).toEqual([]);
    expect(ipam.try("b")).toEqual(["10.1.0.2/24", "fd00::2/64"]);
  });

  test("of a container that is verifiably gone is given on", () => {
    const ipam = ipamFor(base);
    ipam.add("dead", ask("10.1.0.50"), { CNI_NETNS: "/run/netns/gone-for-ever" });
    expect(ipam.try("b", ask("10.1.0.50"))).toEqual(["10.1.0.50/24", "fd00::3/64"]);
  });

  describe("by several ways (T100, C110)", () => {
    const cases: readonly [string, object, string, readonly string[]][] = [
      ["CNI_ARGS alone", {}, "IP=10.1.0.9", ["10.1.0.9/24", "fd00::2/64"]],
      ["a list in CNI_ARGS", {}, "IP=10.1.0.9/24,fd00::9", ["10.1.0.9/24", "fd00::9/64"]],
      [
        "args.cni above CNI_ARGS",
        { args: { cni: { ips: ["10.1.0.8"] } } },
        "IP=10.1.0.9",
        ["10.1.0.8/24", "fd00::2/64"],
      ],
      [
        "args.cni of one family: CNI_ARGS is not asked for the other",
        { args: { cni: { ips: ["10.1.0.8"] } } },
        "IP=fd00::9",
        ["10.1.0.8/24", "fd00::2/64"],
      ],
      [
        "runtimeConfig above both",
        { ...ask("10.1.0.7"), args: { cni: { ips: ["10.1.0.8"] } } },
        "IP=10.1.0.9",
        ["10.1.0.7/24", "fd00::2/64"],
      ],
      [
        "runtimeConfig for IPv6 and CNI_ARGS for IPv4, as nerdctl does",
        ask("fd00::7"),
        "IP=10.1.0.9",
        ["10.1.0.9/24", "fd00::7/64"],
      ],
      [
        "the same by two ways, as podman does",
        ask("10.1.0.9"),
        "IgnoreUnknown=1;IP=10.1.0.9",
        ["10.1.0.9/24", "fd00::2/64"],
      ],
      [
        "null lists",
        { runtimeConfig: { ips: null }, args: { cni: { ips: null } } },
        "",
        ["10.1.0.2/24", "fd00::2/64"],
      ],
      [
        "foreign args",
        { args: { cni: { labels: [] }, other: 1 } },
        "K8S_POD_NAME=x;IgnoreUnknown=1",
        ["10.1.0.2/24", "fd00::2/64"],
      ],
    ];
    test.each(cases)("%s", (_title, config, args, expected) => {
      expect(ipamFor(base).try("a", config as never, { CNI_ARGS: args })).toEqual(expected);
    });

    test("a malformed IP in CNI_ARGS is error 4", () => {
      expect(ipamFor(base).try("a", {}, { CNI_ARGS: "IP=10.1" })).toBe(4);
    });
  });

  test("ranges of the runtime serve alone, beside, and instead", () => {
    const ranges = { runtimeConfig: { ipRanges: [[{ Subnet: "10.5.0.0/24", RangeStart: "10.5.0.9" }]] } };
    expect(ipamFor({}).try("a", ranges)).toEqual(["10.5.0.9/24"]);
    expect(ipamFor({ subnet: "fd00::/64" }).try("a", ranges)).toEqual(["10.5.0.9/24", "fd00::2/64"]);
    expect(ipamFor({ subnet: "10.5.0.0/16" }).try("a", ranges)).toEqual(["10.5.0.9/24"]);
  });

  test("without any range is error 7 with what to write", () => {
    expect(() => ipamFor({}).add("a")).toThrow(
      expect.objectContaining({ code: 7, details: expect.stringContaining("ipam.subnet") }),
    );
  });
});

describe("an ADD with the same key again (T28, T48, T92)", () => {
  test("gives the same addresses and takes no others", () => {
    const ipam = ipamFor({ ranges: [[{ subnet: "10.1.0.0/24" }], [{ subnet: "fd00::/64" }]] });
    const first = ipam.add("a");
    expect(ipam.add("a")).toEqual(first);
    expect(ipam.try("a", { runtimeConfig: { ips: ["10.1.0.2"] } })).toEqual(["10.1.0.2/24", "fd00::2/64"]);
    expect(ipam.store.leases.list()).toHaveLength(2);
  });

  test("and another wish is refused, the first is not disturbed", () => {
    const ipam = ipamFor({ subnet: "10.1.0.0/24" });
    ipam.add("a");
    expect(() => ipam.add("a", { runtimeConfig: { ips: ["10.1.0.9"] } })).toThrow(
      expect.objectContaining({ code: 108, message: expect.stringContaining("10.1.0.2") }),
    );
    expect(ipam.store.leases.list()).toHaveLength(1);
  });

  test("after the range was moved gets one of the new range; DEL frees both", () => {
    const ipam = ipamFor({ subnet: "10.1.0.0/24" });
    ipam.add("a");
    expect(ipam.try("a", { ipam: { type: "ipam", subnet: "10.2.0.0/24" } })).toEqual(["10.2.0.2/24"]);
    ipam.del("a");
    expect(ipam.store.leases.list()).toEqual([]);
  });

  test("after a reboot keeps the address it had", () => {
    const dataDir = testFolder();
    const before = ipamFor({ subnet: "10.1.0.0/24" }, { dataDir });
    for (const id of ["a", "b", "c"]) before.add(id);
    const after = ipamFor({ subnet: "10.1.0.0/24" }, { dataDir, bootId: "boot-2" });
    expect(after.try("c")).toEqual(["10.1.0.4/24"]);
    expect(after.try("d")).toEqual(["10.1.0.5/24"]);
    expect(after.store.leases.list().map((lease) => lease.containerId)).toEqual(["c", "d"]);
  });
});

describe("the same container on another interface or network", () => {
  test("has leases of its own", () => {
    const ipam = ipamFor({ subnet: "10.1.0.0/24" });
    expect(ipam.try("a")).toEqual(["10.1.0.2/24"]);
    expect(ipam.try("a", {}, { CNI_IFNAME: "net1" })).toEqual(["10.1.0.3/24"]);
    expect(ipam.try("a", { name: "other" })).toEqual(["10.1.0.2/24"]);
    ipam.del("a");
    expect(ipam.store.leases.list("net").map((lease) => lease.ifname)).toEqual(["net1"]);
    expect(ipam.store.leases.list("other")).toHaveLength(1);
  });
});

describe("reuse (T98)", () => {
  test("a released address comes last, and a warning says when it had no rest", () => {
    const ipam = ipamFor({ subnet: "10.1.0.0/29", cooldown: 30 });
    ipam.add("a");
    ipam.del("a");
    expect(["b", "c", "d", "e"].map((id) => ipam.add(id).ips[0]?.address)).not.toContain("10.1.0.2/29");
    expect(ipam.warnings).toEqual([]);
    expect(ipam.try("f")).toEqual(["10.1.0.2/29"]);
    expect(ipam.warnings).toEqual([expect.stringMatching(/10\.1\.0\.2 was released 0\.0 s ago/)]);
    ipam.del("f");
    // One more passes before the next ADD: the rest is over exactly then.
    ipam.now += 29_999;
    ipam.add("g");
    expect(ipam.warnings).toHaveLength(1);
  });
});

describe("reclaim on exhaustion", () => {
  const gone = { CNI_NETNS: "/run/netns/gone-for-ever" };

  test("frees leases whose compartment is gone, and only those", () => {
    const ipam = ipamFor({ subnet: "10.1.0.0/29" });
    ipam.add("alive");
    ipam.add("dead1", {}, gone);
    ipam.add("file", {}, { CNI_NETNS: "/etc/passwd" });
    ipam.add("dead2", {}, { CNI_NETNS: "/proc/999999999/ns/net" });
    ipam.store.leases.take(
      { network: "net", containerId: "imported", ifname: "eth0", key: "k", netns: "" },
      "10.1.0.6" as never,
    );
    expect(ipam.try("new1")).toEqual(["10.1.0.3/29"]);
    expect(ipam.warnings.join()).toMatch(/freed 3 addresses of compartments that are gone/);
    const left = ipam.store.leases.list().map((lease) => lease.containerId);
    expect(left).toEqual(["alive", "new1", "imported"]);
  });

  test("leaves an endpoint's lease alone unless its kernel objects can go with it", () => {
    const row = { phase: "ready", plan: null, bootId: "boot-1", createdMs: 1 } as const;
    const ipam = ipamFor({ subnet: "10.1.0.0/30" });
    ipam.add("dead", {}, gone);
    const [lease] = ipam.store.leases.list();
    if (lease === undefined) throw new Error("no lease");
    const { address: _, takenMs: __, ...owner } = lease;
    ipam.store.endpoints.put({ ...owner, ...row });
    expect(ipam.try("new")).toBe(102);
    expect(ipam.warnings).toEqual([]);

    const removed: string[] = [];
    const backend = {
      compartmentExists: () => false,
      remove: ({ key }: { key: string }) => void removed.push(key),
    };
    const other = ipamFor({ subnet: "10.1.0.0/30" }, { backend });
    other.add("dead", {}, gone);
    other.store.endpoints.put({ ...owner, ...row });
    expect(other.try("new")).toEqual(["10.1.0.2/30"]);
    expect(removed).toEqual([owner.key]);
    expect(other.store.endpoints.list()).toEqual([]);

    const stuck = {
      compartmentExists: () => false,
      remove: () => {
        throw new Error("busy");
      },
    };
    const third = ipamFor({ subnet: "10.1.0.0/30" }, { backend: stuck });
    third.add("dead", {}, gone);
    third.store.endpoints.put({ ...owner, ...row });
    expect(third.try("new")).toBe(102);
    expect(third.warnings.join()).toMatch(/cannot free 10\.1\.0\.2: busy/);
  });
});
