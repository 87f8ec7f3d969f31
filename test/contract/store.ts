/** What every store must do, whatever it is made of. */
import { describe, expect, test } from "vitest";
import { ip } from "../../lib/addr/ip.ts";
import { prefix } from "../../lib/addr/prefix.ts";
import type { PortClaim } from "../../lib/state/rows.ts";
import type { Store } from "../../lib/state/store.ts";
import { dhcpRow4, dhcpRow6, endpoint, interval, owner } from "../lib/state/fixture-values.ts";

/** Opens stores on one and the same state, each in a boot of its own choice. */
export type StoreMaker = () => (bootId?: string, now?: () => number) => Store;

export function storeContract(name: string, maker: StoreMaker): void {
  describe(`${name}: networks and endpoints`, () => definitions(maker));
  describe(`${name}: transactions`, () => transactions(maker));
  describe(`${name}: published ports`, () => ports(maker));
  describe(`${name}: leases`, () => leases(maker));
  describe(`${name}: leases of DHCP servers`, () => dhcp(maker));
  describe(`${name}: what a directory said`, () => directory(maker));
  describe(`${name}: a reboot`, () => reboot(maker));
}

function definitions(maker: StoreMaker): void {
  test("a network is found as it was put, until it is removed", () => {
    const { networks } = maker()();
    const row = { name: "b", kind: "nat", spec: { subnets: ["10.1.0.0/24"], mtu: 1500 } };
    networks.put({ name: "a", kind: "nat", spec: null });
    networks.put(row);
    expect(networks.get("b")).toEqual(row);
    expect(networks.list().map((each) => each.name)).toEqual(["a", "b"]);
    networks.put({ ...row, spec: 2 });
    expect(networks.get("b")?.spec).toBe(2);
    networks.remove("b");
    networks.remove("b");
    expect(networks.get("b")).toBeUndefined();
  });

  test("an endpoint goes from adding to ready, is listed by network and removed with its ports", () => {
    const { endpoints, ports } = maker()();
    const row = endpoint("c1");
    endpoints.put(row);
    endpoints.put(endpoint("c2", { network: "other" }));
    expect(endpoints.get(row.key)).toEqual(row);
    expect(endpoints.setPhase(row.key, "ready")).toBe(true);
    expect(endpoints.setPhase("unknown", "ready")).toBe(false);
    expect(endpoints.list("net")).toEqual([{ ...row, phase: "ready" }]);
    expect(endpoints.list()).toHaveLength(2);
    ports.claim(row.key, [port(80)]);
    endpoints.remove(row.key);
    endpoints.remove(row.key);
    expect(endpoints.list("net")).toEqual([]);
    ports.claim(endpoint("c2").key, [port(80)]);
  });
}

function transactions(maker: StoreMaker): void {
  test("a failure inside takes everything back, nested parts too", () => {
    const store = maker()();
    store.networks.put({ name: "before", kind: "nat", spec: 1 });
    const attempt = () =>
      store.transaction(() => {
        store.networks.put({ name: "n", kind: "nat", spec: 1 });
        store.transaction(() => store.leases.takeNext(owner("c1"), pool));
        store.endpoints.put(endpoint("c1"));
        store.ports.claim(owner("c1").key, [port(80)]);
        throw new RangeError("stop");
      });
    expect(attempt).toThrow(RangeError);
    expect(store.networks.list().map((row) => row.name)).toEqual(["before"]);
    expect(store.leases.list()).toEqual([]);
    expect(store.endpoints.list()).toEqual([]);
    store.ports.claim(owner("c2").key, [port(80)]);
    expect(store.leases.takeNext(owner("c2"), pool)?.address).toBe("10.0.0.2");
  });

  test("the value of the function comes back, and the store works on after a failure", () => {
    const store = maker()();
    expect(() => store.transaction(() => JSON.parse("{"))).toThrow(SyntaxError);
    expect(store.transaction(() => 42)).toBe(42);
  });
}

const port = (hostPort: number, over: Partial<PortClaim> = {}): PortClaim => ({
  hostPort,
  protocol: "tcp",
  family: 4,
  ...over,
});

function ports(maker: StoreMaker): void {
  const [a, b] = [owner("a"), owner("b")];
  const one = { hostIp: ip("192.0.2.1") };
  const cases: readonly [string, PortClaim, PortClaim, boolean][] = [
    ["the same port", port(80), port(80), false],
    ["any address and one address", port(80), port(80, one), false],
    ["one address and any address", port(80, one), port(80), false],
    ["0.0.0.0 and one address", port(80, { hostIp: ip("0.0.0.0") }), port(80, one), false],
    ["the same address", port(80, one), port(80, one), false],
    ["two addresses", port(80, one), port(80, { hostIp: ip("192.0.2.2") }), true],
    ["two protocols", port(80), port(80, { protocol: "udp" }), true],
    ["two families", port(80), port(80, { family: 6 }), true],
    ["two ports", port(80), port(81), true],
  ];
  test.each(cases)("%s: %o beside %o", (_title, first, second, possible) => {
    const store = maker()();
    store.endpoints.put(endpoint("a"));
    store.ports.claim(a.key, [first]);
    const claim = () => store.ports.claim(b.key, [port(1), second]);
    if (possible) claim();
    else {
      expect(claim).toThrow(
        expect.objectContaining({ code: 104, message: expect.stringMatching(/80\/tcp.*net\/a\/eth0/) }),
      );
      // Nothing of a refused claim is kept.
      store.ports.claim(owner("c").key, [port(1)]);
    }
  });

  test("the owner may claim again, and what it releases is free", () => {
    const store = maker()();
    store.ports.claim(a.key, [port(80), port(443)]);
    store.ports.claim(a.key, [port(80), port(81)]);
    expect(() => store.ports.claim(b.key, [port(443)])).toThrow(expect.objectContaining({ code: 104 }));
    store.ports.release(a.key);
    store.ports.claim(b.key, [port(80), port(81), port(443)]);
    store.ports.claim(b.key, []);
  });
}

const pool = [interval("10.0.0.2", "10.0.0.4"), interval("10.0.0.6", "10.0.0.7")];
const next = (store: Store, containerId: string) => store.leases.takeNext(owner(containerId), pool)?.address;

function leases(maker: StoreMaker): void {
  test("addresses come in order, then the one released longest ago, then none", () => {
    const store = maker()();
    const given = ["a", "b", "c", "d", "e"].map((id) => next(store, id));
    expect(given).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.6", "10.0.0.7"]);
    expect(next(store, "f")).toBeUndefined();
    expect(store.leases.hasFree("net", pool)).toBe(false);
    for (const id of ["d", "a", "c"]) store.leases.release(owner(id).key);
    expect(store.leases.hasFree("net", pool)).toBe(true);
    expect(["f", "g", "h", "i"].map((id) => next(store, id))).toEqual([
      "10.0.0.6",
      "10.0.0.2",
      "10.0.0.4",
      undefined,
    ]);
  });

  test("a released address is used only when no other is left, and says how long it rested", () => {
    let now = 1000;
    const store = maker()("boot-1", () => now);
    next(store, "a");
    store.leases.release(owner("a").key);
    expect(next(store, "b")).toBe("10.0.0.3");
    for (const id of ["c", "d", "e"]) next(store, id);
    now = 4000;
    expect(store.leases.takeNext(owner("f"), pool)).toEqual({ address: "10.0.0.2", restedMs: 3000 });
  });

  test("a lease says whose it is, and is found by owner, by address and in the list", () => {
    const store = maker()("boot-1", () => 77);
    const who = owner("a", { netns: "/run/netns/x" });
    const v6 = ip("fd00::1");
    store.leases.takeNext(who, pool);
    store.leases.take(who, v6);
    const lease = { ...who, bootId: "boot-1", takenMs: 77 };
    const both = [
      { ...lease, address: "10.0.0.2" },
      { ...lease, address: v6 },
    ];
    expect(store.leases.held(who.key)).toEqual(expect.arrayContaining(both));
    expect(store.leases.holder("net", v6)).toEqual(both[1]);
    expect(store.leases.holder("other", v6)).toBeUndefined();
    expect(store.leases.list("net")).toEqual(both);
    expect(store.leases.list()).toHaveLength(2);
    expect(store.leases.release(who.key)).toEqual(both);
    expect(store.leases.release(who.key)).toEqual([]);
    expect(store.leases.list()).toEqual([]);
  });

  test("one address is taken when asked for, kept by its owner, refused to others", () => {
    const store = maker()();
    const address = ip("10.0.0.3");
    store.leases.take(owner("a"), address);
    store.leases.take(owner("a"), address);
    expect(store.leases.list()).toHaveLength(1);
    const taken = { code: 103, message: expect.stringContaining("net/a/eth0") };
    expect(() => store.leases.take(owner("b"), address)).toThrow(expect.objectContaining(taken));
    store.leases.take(owner("b", { network: "other" }), address);
    expect([next(store, "c"), next(store, "d")]).toEqual(["10.0.0.2", "10.0.0.4"]);
    store.leases.release(owner("a").key);
    store.leases.take(owner("b"), address);
    expect(store.leases.holder("net", address)?.containerId).toBe("b");
  });

  test("an address that was released and then asked for is not given to anybody else", () => {
    const store = maker()();
    for (const id of ["a", "b", "c", "d", "e"]) next(store, id);
    for (const id of ["b", "c"]) store.leases.release(owner(id).key);
    store.leases.take(owner("f"), ip("10.0.0.3"));
    expect([next(store, "g"), next(store, "h")]).toEqual(["10.0.0.4", undefined]);
    store.leases.release(owner("f").key);
    expect([next(store, "i"), next(store, "j")]).toEqual(["10.0.0.3", undefined]);
  });

  test("a range may shrink, grow and move while leases are held", () => {
    const store = maker()();
    const take = (id: string, first: string, last: string) =>
      store.leases.takeNext(owner(id), [interval(first, last)])?.address;
    expect(take("a", "10.0.0.5", "10.0.0.6")).toBe("10.0.0.5");
    expect(take("b", "10.0.0.4", "10.0.0.5")).toBe("10.0.0.4");
    expect(take("c", "10.0.0.4", "10.0.0.5")).toBeUndefined();
    expect(take("c", "10.0.0.3", "10.0.0.9")).toBe("10.0.0.3");
    expect(take("d", "10.0.0.3", "10.0.0.9")).toBe("10.0.0.6");
    store.leases.release(owner("a").key);
    expect(take("e", "10.0.0.6", "10.0.0.6")).toBeUndefined();
    expect(take("e", "10.0.0.5", "10.0.0.6")).toBe("10.0.0.5");
  });

  test("networks and families do not disturb each other", () => {
    const store = maker()();
    const v6 = [interval("fd00::1", "fd00::ffff:ffff:ffff:ffff")];
    expect(store.leases.takeNext(owner("a", { network: "x" }), pool)?.address).toBe("10.0.0.2");
    expect(store.leases.takeNext(owner("a", { network: "y" }), pool)?.address).toBe("10.0.0.2");
    if (store.leases.takeNext(owner("a", { network: "y" }), []) !== undefined)
      throw new Error("from nothing");
    store.leases.take(owner("a", { network: "y" }), ip("fd00::1"));
    expect(store.leases.hasFree("y", v6.slice(0, 0))).toBe(false);
    expect(store.leases.held(owner("a", { network: "y" }).key).map((lease) => lease.address)).toContain(
      "fd00::1",
    );
  });
}

function reboot(maker: StoreMaker): void {
  test("frees leases, ports and endpoints of older boots at the first ADD, in the order they were taken", () => {
    const open = maker();
    let now = 0;
    const before = open("boot-1", () => ++now);
    for (const id of ["a", "b", "c", "d", "e"]) next(before, id);
    before.endpoints.put(endpoint("a"));
    before.ports.claim(owner("a").key, [port(80)]);
    before.networks.put({ name: "net", kind: "nat", spec: 1 });
    const after = open("boot-2", () => ++now);
    expect(after.leases.takeNext(owner("f"), pool)).toEqual({
      address: "10.0.0.2",
      restedMs: expect.any(Number),
    });
    expect(after.leases.list().map((lease) => lease.containerId)).toEqual(["f"]);
    expect(after.endpoints.list()).toEqual([]);
    after.ports.claim(owner("f").key, [port(80)]);
    expect(after.networks.get("net")).toBeDefined();
  });

  test("a lease renewed in this boot stays", () => {
    const open = maker();
    const who = owner("a", { netns: "/run/netns/new" });
    next(open("boot-1"), "a");
    const after = open("boot-2", () => 99);
    after.leases.renew(who);
    expect(next(after, "b")).toBe("10.0.0.3");
    expect(after.leases.held(who.key)).toEqual([
      { ...who, address: "10.0.0.2", bootId: "boot-2", takenMs: 99 },
    ]);
  });
}

function dhcp(maker: StoreMaker): void {
  test("one is kept for each owner and family, as it was put, until it is removed", () => {
    const store = maker()();
    const [four, six, other] = [dhcpRow4("a"), dhcpRow6("a"), dhcpRow4("b", { hostname: "web" })];
    for (const row of [six, other, four]) store.dhcp.put(row);
    expect(store.dhcp.held(four.key)).toEqual([four, six]);
    expect(new Set(store.dhcp.list())).toEqual(new Set([four, six, other]));
    const renewed = dhcpRow4("a", { lease: { ...four.lease, expiresMs: 9 } });
    store.dhcp.put(renewed);
    expect(store.dhcp.held(four.key)).toEqual([renewed, six]);
    store.dhcp.remove(four.key, 4);
    expect(store.dhcp.held(four.key)).toEqual([six]);
    store.dhcp.remove(four.key);
    store.dhcp.remove(four.key);
    expect(store.dhcp.list()).toEqual([other]);
  });

  test("an update of one that DEL removed brings nothing back", () => {
    const store = maker()();
    const row = dhcpRow4("a");
    store.dhcp.put(row);
    const renewed = dhcpRow4("a", { lease: { ...row.lease, expiresMs: 9 } });
    expect(store.dhcp.update(renewed)).toBe(true);
    expect(store.dhcp.list()).toEqual([renewed]);
    store.dhcp.remove(row.key);
    expect(store.dhcp.update(row)).toBe(false);
    expect(store.dhcp.list()).toEqual([]);
  });

  test("those of an older boot are gone with the first that is put", () => {
    const open = maker();
    open("boot-1").dhcp.put(dhcpRow4("a"));
    const row = dhcpRow4("b", { bootId: "boot-2" });
    open("boot-2").dhcp.put(row);
    expect(open("boot-2").dhcp.list()).toEqual([row]);
  });
}

function directory(maker: StoreMaker): void {
  test("a network's pool is found as it was put last, in this boot and the next", () => {
    const open = maker();
    const row = {
      network: "b",
      spec: { cidrs: ["10.1.0.0/16"] },
      checkedMs: 5,
      bootId: "boot-1",
      triedMs: 6,
    };
    open("boot-1").pools.put({ ...row, spec: null });
    open("boot-1").pools.put(row);
    const { pools } = open("boot-2");
    pools.put({ ...row, network: "a" });
    expect(pools.get("b")).toEqual(row);
    expect(pools.get("c")).toBeUndefined();
    expect(pools.list().map(({ network }) => network)).toEqual(["a", "b"]);
  });

  test("blocks are listed by network, oldest first, as they were put last, until they are removed", () => {
    const { blocks } = maker()();
    const row = (network: string, text: string, claimedMs: number, more = {}) => {
      const one = { network, prefix: prefix(text), revision: "9007199254740993", claimedMs, ...more };
      blocks.put(one);
      return one;
    };
    row("b", "10.1.0.64/26", 7);
    const [lost, other, old, same] = [
      row("b", "10.1.0.64/26", 7, { emptyMs: 8, lostMs: 9 }),
      row("a", "fd00::/122", 9),
      row("b", "10.1.0.128/26", 5),
      row("b", "10.1.0.0/26", 7),
    ];
    expect(blocks.list("b")).toEqual([old, same, lost]);
    expect(blocks.list()).toEqual([other, old, same, lost]);
    blocks.remove("b", prefix("10.1.0.64/26"));
    blocks.remove("b", prefix("10.1.0.64/26"));
    blocks.remove("a", prefix("10.1.0.0/26"));
    expect(blocks.list()).toEqual([other, old, same]);
  });

  test("a fixed address is one container's, until it is removed, whatever becomes of the lease", () => {
    const store = maker()();
    const row = { network: "net", address: ip("10.1.0.9"), key: owner("a").key, revision: "3", claimedMs: 1 };
    const six = { ...row, address: ip("fd00::9") };
    store.leases.take(owner("a"), row.address);
    for (const one of [six, { ...row, revision: "2" }, row, { ...row, network: "other" }])
      store.fixed.put(one);
    store.leases.release(row.key);
    expect(store.fixed.get("net", row.address)).toEqual(row);
    expect(store.fixed.get("net", ip("10.1.0.8"))).toBeUndefined();
    expect(store.fixed.list("net")).toEqual([row, six]);
    store.fixed.remove("net", row.address);
    store.fixed.remove("net", row.address);
    expect(store.fixed.list()).toEqual([six, { ...row, network: "other" }]);
  });
}
