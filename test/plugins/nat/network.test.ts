import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { networkOf, overlaps, type Prefix, prefix, prefixLength } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { automaticSubnet, natSettings, natSwitch } from "../../../plugins/nat/network.ts";
import { seed } from "../../lib/seed.ts";
import { host, natConfig } from "./fixture.ts";

const pool = prefix("172.16.0.0/12");

const used = fc.array(
  fc
    .tuple(
      fc.integer({ min: 16, max: 31 }),
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 8, max: 32 }),
    )
    .map(([second, third, length]) => networkOf(prefix(`172.${second}.${third}.0/${length}`))),
  { maxLength: 30 },
);

describe("an automatic subnet", () => {
  it("is a /20 of 172.16.0.0/12 that overlaps nothing in use, or there is none", () => {
    fc.assert(
      fc.property(fc.string(), used, (network, taken) => {
        const free = everySubnet().filter((one) => !taken.some((other) => overlaps(one, other)));
        if (free.length === 0) expect(() => automaticSubnet(network, taken)).toThrow();
        else expect(free).toContain(automaticSubnet(network, taken));
      }),
      { seed, numRuns: 50 },
    );
  });

  it("is the same for the same network and surroundings", () => {
    fc.assert(
      fc.property(fc.string(), used, (network, taken) => {
        fc.pre(!taken.some((other) => prefixLength(other) < 12));
        const first = subnetOrNone(network, taken);
        expect(subnetOrNone(network, taken.toReversed())).toBe(first);
      }),
      { seed, numRuns: 30 },
    );
  });

  it("is not the same for all networks", () => {
    const names = Array.from({ length: 20 }, (_, i) => `network-${i}`);
    expect(new Set(names.map((name) => automaticSubnet(name, []))).size).toBeGreaterThan(10);
  });

  it("stays inside 172.16.0.0/12 where the search goes round", () => {
    const last = prefix("172.31.240.0/20");
    const name = Array.from({ length: 5000 }, (_, i) => `n${i}`).find(
      (candidate) => automaticSubnet(candidate, []) === last,
    );
    expect(automaticSubnet(name ?? "", [last])).toBe("172.16.0.0/20");
  });

  it("takes the one that is left, and then says that there is none", () => {
    const all = everySubnet();
    for (const left of [all[0], all[100], all.at(-1)])
      expect(
        automaticSubnet(
          "net",
          all.filter((one) => one !== left),
        ),
      ).toBe(left);
    expect(() => automaticSubnet("net", [pool])).toThrow(
      expect.objectContaining({ code: 102, reason: "no-free-subnet" }),
    );
    expect(() => automaticSubnet("net", all)).toThrow("choose a subnet for network net");
  });

  it("is not hindered by IPv6", () => {
    expect(automaticSubnet("net", [prefix("::/0")])).toBe(automaticSubnet("net", []));
  });
});

function everySubnet(): readonly Prefix[] {
  return Array.from({ length: 256 }, (_, i) => prefix(`172.${16 + (i >> 4)}.${(i & 15) << 4}.0/20`));
}

function subnetOrNone(network: string, taken: readonly Prefix[]): Prefix | undefined {
  try {
    return automaticSubnet(network, taken);
  } catch {
    return undefined;
  }
}

describe("the switch of a nat network", () => {
  it("takes its MTU from the configuration, else from the uplink, else 1500", () => {
    expect(natSwitch("net", natConfig({ mtu: 1400 }), host).mtu).toBe(1400);
    expect(
      natSwitch("net", natConfig(), { ...host, uplink: { name: "eth0", mtu: 9000, addresses: [] } }).mtu,
    ).toBe(9000);
    const { uplink: _, ...alone } = host;
    expect(natSwitch("net", natConfig(), alone).mtu).toBe(1500);
  });

  it("bears the network's name where it fits, else a hash of it", () => {
    expect(natSwitch("a".repeat(11), natConfig(), host).name).toBe(`vsw-${"a".repeat(11)}`);
    const long = natSwitch("a".repeat(12), natConfig(), host).name;
    expect(long).toMatch(/^vsw-[0-9a-f]{11}$/);
    expect(natSwitch("a".repeat(13), natConfig(), host).name).not.toBe(long);
    expect(natSwitch("net", natConfig({ bridge: "br0" }), host).name).toBe("br0");
  });

  it("has the MAC of its network, a local one, whatever its name", () => {
    const { mac } = natSwitch("net", natConfig(), host);
    expect(natSwitch("net", natConfig({ bridge: "br0" }), host).mac).toBe(mac);
    expect(natSwitch("other", natConfig(), host).mac).not.toBe(mac);
    expect(Number.parseInt(mac.slice(0, 2), 16) & 3).toBe(2);
  });

  it("masquerades unless the configuration says no", () => {
    const open = natConfig({ exceptions: ["10.0.0.0/8"] });
    expect(natSwitch("net", open, host).outboundNat).toEqual({ exceptions: ["10.0.0.0/8"] });
    expect(natSwitch("net", natConfig({ ipMasq: false }), host).outboundNat).toBeUndefined();
  });
});

describe("the isolation of a nat network", () => {
  it("is that of its configuration, and absent where it says nothing", () => {
    const of = (raw: JsonObject) => {
      const { isolated, reachable } = natSwitch("net", natConfig(raw), host);
      return { isolated, reachable };
    };
    expect(of({})).toEqual({});
    expect(of({ DisableInterComputeCommunication: true })).toEqual({ isolated: true });
    expect(of({ DisableInterComputeCommunication: false, reachable: false })).toEqual({});
    expect(of({ reachable: true })).toEqual({ reachable: true });
    expect(of({ reachable: ["web"] })).toEqual({ reachable: ["web"] });
  });
});

describe("what a configuration decides of its network", () => {
  it.each([
    ["bridge", { bridge: "br0" }],
    ["mtu", { mtu: 1400 }],
    ["ipMasq", { ipMasq: false }],
    ["exceptions", { exceptions: ["10.0.0.0/8"] }],
    ["DisableInterComputeCommunication", { DisableInterComputeCommunication: true }],
    ["reachable", { reachable: true }],
    ["reachable", { reachable: ["web"] }],
  ])("says so when %s changes", (key, raw) => {
    expect(natSettings(natConfig(raw))[key]).not.toBe(natSettings(natConfig())[key]);
  });

  it("tells apart reachable by all, by some and by none", () => {
    const values = [true, ["web"], ["web", "db"], []].map(
      (reachable) => natSettings(natConfig({ reachable })).reachable,
    );
    expect(values).toEqual(["true", "web", "db,web", undefined]);
    expect(natSettings(natConfig({ reachable: ["db", "web", "db"] })).reachable).toBe("db,web");
  });

  it("does not depend on the order of the exceptions, nor on what concerns one attachment", () => {
    const settings = (exceptions: string[]) => natSettings(natConfig({ exceptions }));
    expect(settings(["10.0.0.0/8", "fd00::/8"])).toEqual(settings(["fd00::/8", "10.0.0.0/8"]));
    const published = natConfig({ uplink: "eth1" }, [{ hostPort: 80, containerPort: 80 }]);
    expect(natSettings(published)).toEqual(natSettings(natConfig()));
  });
});
