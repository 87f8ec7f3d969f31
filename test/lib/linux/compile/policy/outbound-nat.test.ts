import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Ip, ip, ipFromNumber } from "../../../../../lib/addr/ip.ts";
import { contains, overlaps, type Prefix, prefix, prefixOf } from "../../../../../lib/addr/prefix.ts";
import { outboundNatElements } from "../../../../../lib/linux/compile/policy/outbound-nat.ts";
import { type OutBoundNat, translates } from "../../../../../lib/policy/outbound-nat.ts";
import { natPlan } from "../../../../plugins/nat/fixture.ts";
import { seed } from "../../../seed.ts";

const own = { 4: ip("10.88.0.5"), 6: ip("fd00::5") } as const;
const plan = natPlan({ ips: ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1"] });
const nat = (over: Partial<OutBoundNat> = {}): OutBoundNat => ({
  kind: "OutBoundNAT",
  addresses: [own[4]],
  exceptions: [],
  destinations: [],
  ...over,
});
const prefixes = (...texts: string[]): readonly Prefix[] => texts.map(prefix);
const elementsOf = (...policies: readonly OutBoundNat[]): readonly string[] =>
  outboundNatElements(policies, plan).map(({ set, key, data }) =>
    [set, ...key, ...(data ? ["as", ...data] : [])].join(" "),
  );

describe("the elements of an endpoint's own OutBoundNAT", () => {
  it("masquerade it everywhere but within its network, and last make rules look at it", () => {
    expect(elementsOf(nat())).toEqual([
      "own_direct4 10.88.0.5/32 10.88.0.0/16",
      "own_masqueraded4 10.88.0.5/32 0.0.0.0/0",
      "own4 10.88.0.5",
    ]);
  });

  it("are of each of its addresses", () => {
    expect(elementsOf(nat({ addresses: [own[4], own[6]] }))).toEqual([
      "own_direct4 10.88.0.5/32 10.88.0.0/16",
      "own_masqueraded4 10.88.0.5/32 0.0.0.0/0",
      "own4 10.88.0.5",
      "own_direct6 fd00::5/128 fd00::/64",
      "own_masqueraded6 fd00::5/128 ::/0",
      "own6 fd00::5",
    ]);
  });

  it("leave exceptions as they are, of the address's family, none within another", () => {
    const exceptions = prefixes("10.0.0.0/8", "10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32");
    expect(elementsOf(nat({ exceptions })).filter((text) => text.startsWith("own_direct"))).toEqual([
      "own_direct4 10.88.0.5/32 10.0.0.0/8",
      "own_direct4 10.88.0.5/32 192.0.2.7/32",
    ]);
  });

  it("give it the virtual address, towards some or everywhere", () => {
    const virtualIp = ip("203.0.113.7");
    expect(elementsOf(nat({ virtualIp }))).toContain("own_translated4 10.88.0.5/32 0.0.0.0/0 as 203.0.113.7");
    const destinations = prefixes("198.51.100.0/24", "2001:db8::/32");
    const some = elementsOf(nat({ virtualIp, destinations })).filter((text) => !text.includes("direct"));
    expect(some).toEqual(["own_translated4 10.88.0.5/32 198.51.100.0/24 as 203.0.113.7", "own4 10.88.0.5"]);
  });

  it("are of several policies those of the first for the same destination", () => {
    const destinations = prefixes("198.51.100.0/24");
    const [first, second] = [ip("203.0.113.7"), ip("203.0.113.8")].map((virtualIp) =>
      nat({ virtualIp, destinations }),
    );
    if (first === undefined || second === undefined) throw new Error("two policies");
    const all = elementsOf(first, second, nat({ exceptions: prefixes("10.0.0.0/8") }));
    expect(all.filter((text) => text.includes("translated"))).toEqual([
      "own_translated4 10.88.0.5/32 198.51.100.0/24 as 203.0.113.7",
    ]);
    expect(new Set(all).size).toBe(all.length);
  });

  it("are none without a policy", () => {
    expect(elementsOf()).toEqual([]);
  });
});

describe("random OutBoundNATs", () => {
  const near = fc.nat(0xffff).map((offset) => ipFromNumber(4, 0xc0a80000n + BigInt(offset)));
  const list = fc.array(
    fc.tuple(near, fc.integer({ min: 16, max: 32 })).map(([address, length]) => prefixOf(address, length)),
    { maxLength: 4 },
  );
  const policy = fc
    .record({ exceptions: list, destinations: list, virtual: fc.boolean() })
    .map(({ exceptions, destinations, virtual }) =>
      nat({ exceptions, destinations, ...(virtual ? { virtualIp: ip("203.0.113.7") } : {}) }),
    );

  it("translate what the model says, and no two elements of a set overlap", () => {
    fc.assert(
      fc.property(policy, fc.array(near, { minLength: 5, maxLength: 20 }), (one, destinations) => {
        const elements = outboundNatElements([one], plan);
        const towards = (set: string, to: Ip): boolean =>
          elements.some((element) => element.set === set && contains(element.key[1] as Prefix, to));
        for (const to of destinations) {
          const direct = towards("own_direct4", to);
          const changed = towards("own_masqueraded4", to) || towards("own_translated4", to);
          expect({ to, translated: !direct && changed }).toEqual({ to, translated: translates(one, to) });
        }
        for (const set of ["own_direct4", "own_masqueraded4", "own_translated4"]) {
          const held = elements.filter((element) => element.set === set).map(({ key }) => key[1] as Prefix);
          for (const [i, a] of held.entries())
            for (const b of held.slice(i + 1)) expect([a, b, overlaps(a, b)]).toEqual([a, b, false]);
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});
