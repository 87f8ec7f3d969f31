import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { networkOf, overlaps, type Prefix, prefix } from "../../../lib/addr/prefix.ts";
import { settleClaims } from "../../../lib/directory/settle-claims.ts";
import { type Span, spanOf } from "../../../lib/directory/span.ts";
import { seed } from "../seed.ts";

interface Named {
  readonly cidr: Prefix;
  readonly owner: string;
  readonly span: Span;
}
const claim = (text: string, owner: string): Named => ({
  cidr: prefix(text),
  owner,
  span: spanOf(prefix(text)),
});
const names = (claims: readonly Named[]) => claims.map(({ cidr, owner }) => `${cidr} ${owner}`);

/** Each against all that came before it: slow, and plain. */
function byHand(claims: readonly Named[]): readonly string[] {
  const accepted: Named[] = [];
  for (const one of claims) {
    if (!accepted.some((other) => other.owner !== one.owner && overlaps(other.cidr, one.cidr)))
      accepted.push(one);
  }
  return names(accepted).toSorted();
}

describe("claims to prefixes", () => {
  it("are settled in favour of the first, and given in the order of addresses", () => {
    const { accepted, refused } = settleClaims([
      claim("10.2.0.0/24", "a"),
      claim("10.1.0.0/24", "b"),
      claim("10.0.0.0/8", "c"),
      claim("10.2.0.128/25", "b"),
    ]);
    expect(names(accepted)).toEqual(["10.1.0.0/24 b", "10.2.0.0/24 a"]);
    expect(refused.map(([loser, winner]) => [...names([loser]), ...names([winner])])).toEqual([
      ["10.0.0.0/8 c", expect.stringMatching(/^10\.[12]/)],
      ["10.2.0.128/25 b", "10.2.0.0/24 a"],
    ]);
  });

  it("of one owner may lie in each other, and a stranger's in neither", () => {
    const { accepted } = settleClaims([
      claim("10.0.0.0/24", "a"),
      claim("10.0.0.0/16", "a"),
      claim("10.0.0.0/25", "a"),
      claim("10.0.0.0/25", "b"),
      claim("10.0.5.0/24", "b"),
      claim("10.0.0.0/8", "b"),
    ]);
    expect(names(accepted)).toEqual(["10.0.0.0/16 a", "10.0.0.0/24 a", "10.0.0.0/25 a"]);
  });

  it("of the two families have nothing to do with each other", () => {
    const both = [claim("0.0.0.0/0", "a"), claim("::/0", "b"), claim("fd00::/8", "b")];
    expect(settleClaims(both).accepted).toHaveLength(3);
  });

  it("are settled as when each is held against all before it", () => {
    const one = fc
      .tuple(fc.nat(255), fc.integer({ min: 22, max: 32 }), fc.constantFrom("a", "b", "c"), fc.boolean())
      .map(([low, bits, owner, is6]) =>
        claim(
          networkOf(prefix(is6 ? `fd00::${low.toString(16)}/${bits + 96}` : `10.0.0.${low}/${bits}`)),
          owner,
        ),
      );
    fc.assert(
      fc.property(fc.array(one, { maxLength: 25 }), (claims) => {
        const { accepted, refused } = settleClaims(claims);
        expect(names(accepted).toSorted()).toEqual(byHand(claims));
        expect(accepted.length + refused.length).toBe(claims.length);
        for (const [loser, winner] of refused) {
          expect(overlaps(loser.cidr, winner.cidr) && loser.owner !== winner.owner).toBe(true);
          expect(accepted).toContain(winner);
        }
      }),
      { seed, numRuns: 1000 },
    );
  });
});
