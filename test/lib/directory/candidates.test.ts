import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  contains,
  networkOf,
  overlaps,
  type Prefix,
  prefix,
  prefixAddress,
} from "../../../lib/addr/prefix.ts";
import { blockCandidates } from "../../../lib/directory/candidates.ts";
import { seed } from "../seed.ts";

const bits = (four: number, six = 122) => ({ 4: four, 6: six });
const all = (
  family: 4 | 6,
  cidrs: readonly string[],
  length: number,
  taken: readonly string[] = [],
  who = "n1",
) =>
  [
    ...blockCandidates(
      family,
      { cidrs: cidrs.map(prefix), blockBits: family === 4 ? bits(length) : bits(26, length) },
      taken.map(prefix),
      who,
    ),
  ] as readonly string[];
const first = (...args: Parameters<typeof blockCandidates>): Prefix | undefined => {
  for (const candidate of blockCandidates(...args)) return candidate;
  return undefined;
};

describe("candidates for a block", () => {
  it("are all blocks of the network, each once", () => {
    expect(all(4, ["10.0.0.0/30", "10.0.1.0/31"], 31).toSorted()).toEqual([
      "10.0.0.0/31",
      "10.0.0.2/31",
      "10.0.1.0/31",
    ]);
    const many = all(4, ["10.0.0.0/16"], 26);
    expect(new Set(many).size).toBe(1024);
  });

  it("are in another order for each host, and in the same each time", () => {
    const of = (who: string) => all(4, ["10.0.0.0/20"], 26, [], who);
    expect(of("a")).toEqual(of("a"));
    const starts = new Set(Array.from({ length: 32 }, (_, i) => of(`host-${i}`)[0]));
    // 32 of 64 at random are 25 different ones, and hardly ever less than 16.
    expect(starts.size).toBeGreaterThan(15);
    expect(of("a").slice(0, 10)).not.toEqual(of("a").slice(0, 10).toSorted());
  });

  it("leave out what is taken, by smaller and by larger blocks too", () => {
    expect(all(4, ["10.0.0.0/24"], 26, ["10.0.0.77/32", "10.0.0.128/25"])).toEqual(["10.0.0.0/26"]);
    expect(all(4, ["10.0.0.0/24"], 26, ["10.0.0.0/8"])).toEqual([]);
    expect(all(4, ["10.0.0.0/24"], 26, ["fd00::/8", "10.0.1.0/26"])).toHaveLength(4);
  });

  it("end when all are taken, and say before that none is left", () => {
    const of = { cidrs: [prefix("10.0.0.0/24")], blockBits: bits(26) };
    const none = blockCandidates(4, of, [prefix("10.0.0.0/25"), prefix("10.0.0.128/25")], "x");
    expect([none.count, [...none]]).toEqual([0n, []]);
  });

  it("are of one family at a time", () => {
    expect(all(6, ["10.0.0.0/24", "fd00::/120"], 122).toSorted()).toEqual([
      "fd00::/122",
      "fd00::40/122",
      "fd00::80/122",
      "fd00::c0/122",
    ]);
    expect(all(6, ["10.0.0.0/24"], 122)).toEqual([]);
  });

  it("are none of a cidr that is smaller than a block", () => {
    expect(all(4, ["10.0.0.0/28", "10.0.1.0/26"], 26)).toEqual(["10.0.1.0/26"]);
  });

  it("are each once where cidrs overlap", () => {
    expect(all(4, ["10.0.0.0/24", "10.0.0.0/25"], 26)).toHaveLength(4);
  });

  it("are not listed to find one of very many", () => {
    const of = { cidrs: [prefix("10.0.0.0/8"), prefix("fd00::/16")], blockBits: bits(30) };
    expect(blockCandidates(4, of, [], "x").count).toBe(2n ** 22n);
    expect(blockCandidates(6, of, [prefix("fd00::/122")], "x").count).toBe(2n ** 106n - 1n);
    expect(first(6, of, [prefix("fd00::/122")], "x")).toMatch(/^fd00:.*\/122$/);
  });

  it("are found at once where one of very many is free", () => {
    const taken: Prefix[] = [];
    // All of 10.0.0.0/8 but 10.77.5.64/26.
    for (let length = 9; length <= 26; length++) {
      const bit = 1n << BigInt(32 - length);
      const number = 0x0a4d0540n ^ bit;
      const text = [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 0xffn).join(".");
      taken.push(networkOf(prefix(`${text}/${length}`)));
    }
    const of = { cidrs: [prefix("10.0.0.0/8")], blockBits: bits(26) };
    expect([...blockCandidates(4, of, taken, "x")]).toEqual(["10.77.5.64/26"]);
  });

  it("cover what is free exactly, whatever is taken", () => {
    const cidr = fc
      .tuple(fc.nat(1023), fc.integer({ min: 23, max: 32 }))
      .map(([low, length]) => networkOf(prefix(`10.0.${low >> 8}.${low & 255}/${length}`)));
    fc.assert(
      fc.property(
        fc.array(cidr, { maxLength: 4 }),
        fc.array(cidr, { maxLength: 8 }),
        fc.integer({ min: 24, max: 30 }),
        fc.string(),
        (cidrs, taken, length, who) => {
          const candidates = blockCandidates(4, { cidrs, blockBits: bits(length) }, taken, who);
          const found = [...candidates];
          expect(BigInt(found.length)).toBe(candidates.count);
          const size = 1 << (32 - length);
          const expected: Prefix[] = [];
          for (let low = 0; low < 1024; low += size) {
            const block = prefix(`10.0.${low >> 8}.${low & 255}/${length}`);
            const last = prefix(`10.0.${(low + size - 1) >> 8}.${(low + size - 1) & 255}/32`);
            const isIn = cidrs.some(
              (one) => contains(one, prefixAddress(block)) && contains(one, prefixAddress(last)),
            );
            if (isIn && !taken.some((one) => overlaps(one, block))) expected.push(block);
          }
          expect(found.toSorted()).toEqual(expected.toSorted());
        },
      ),
      { seed, numRuns: 500 },
    );
  });
});
