import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { legacyChains } from "../../../../lib/linux/foreign/legacy-chains.ts";
import { translateRule } from "../../../../lib/linux/foreign/translate.ts";
import type { Expression } from "../../../../lib/netlink/nft/expr/expression.ts";
import type { MetaKey } from "../../../../lib/netlink/nft/expr/meta.ts";
import { seed } from "../../seed.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const some = fc.uint8Array({ maxLength: 64 });
const register = fc.nat(23);

/** What a kernel of tomorrow may send: names we know with other bytes, names we do not know, any order. */
const expression: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({
    kind: fc.constant("unknown" as const),
    name: fc.constantFrom(
      "range",
      "match",
      "target",
      "byteorder",
      "limit",
      "objref",
      "dynset",
      "ct",
      "exthdr",
      "tomorrow",
    ),
    bytes: some,
  }),
  fc.record({
    kind: fc.constant("payload" as const),
    base: fc.constantFrom("ll", "network", "transport"),
    offset: fc.nat(40),
    length: fc.integer({ min: 1, max: 20 }),
    register,
  }),
  fc.record({
    kind: fc.constant("meta" as const),
    key: fc.constantFrom<MetaKey[]>("iifname", "iif", "l4proto", "nfproto", "protocol", "mark", 99),
    register,
  }),
  fc.record({ kind: fc.constant("ct" as const), key: fc.constantFrom("state", "status", "mark"), register }),
  fc.record({
    kind: fc.constant("cmp" as const),
    op: fc.constantFrom("eq", "neq", "lt", "lte", "gt", "gte"),
    register,
    value: fc.uint8Array({ minLength: 1, maxLength: 16 }),
  }),
  bytes(4).chain((mask) =>
    fc.record({
      kind: fc.constant("bitwise" as const),
      source: register,
      target: register,
      mask: fc.constant(mask),
      xor: bytes(4),
    }),
  ),
  fc.record({ kind: fc.constant("lookup" as const), set: fc.constant("gone"), register }),
  fc.record({
    kind: fc.constant("immediate" as const),
    register: fc.constant(0),
    data: fc.constantFrom({ kind: "accept" as const }, { kind: "jump" as const, chain: "c" }),
  }),
);

describe("what cannot be understood", () => {
  it("of a rule becomes an unknown condition or verdict, and never stops the reading", () => {
    fc.assert(
      fc.property(
        fc.array(expression, { maxLength: 8 }),
        fc.constantFrom(4, 6, undefined),
        (expressions, family) => {
          const rule = { family: "inet", table: "t", chain: "c", handle: 1n, expressions } as const;
          const known = { interfaces: new Map(), ...(family === undefined ? {} : { family }) };
          for (const { text, conditions, verdict } of translateRule(rule, new Map(), known)) {
            expect(typeof text).toBe("string");
            expect(JSON.parse(JSON.stringify({ conditions, verdict }))).toBeTruthy();
          }
        },
      ),
      { seed, numRuns: 1000 },
    );
  });

  it("are more bytes than the field has: no list of all numbers of that length", () => {
    const expressions: readonly Expression[] = [
      { kind: "meta", key: "l4proto", register: 8 },
      { kind: "cmp", op: "lte", register: 8, value: Uint8Array.of(0, 0xff, 0xff, 0xff) },
    ];
    const rule = { family: "inet", table: "t", chain: "c", handle: 1n, expressions } as const;
    const [translated] = translateRule(rule, new Map(), { interfaces: new Map() });
    expect(translated?.conditions).toEqual([expect.objectContaining({ kind: "unknown" })]);
  });

  it.each(["iif", "oif"] as const)("are fewer bytes than the field %s has", (key) => {
    const expressions: readonly Expression[] = [
      { kind: "meta", key, register: 8 },
      { kind: "cmp", op: "gt", register: 8, value: Uint8Array.of(6) },
    ];
    const rule = { family: "inet", table: "t", chain: "c", handle: 1n, expressions } as const;
    const [translated] = translateRule(rule, new Map(), { interfaces: new Map() });
    expect(translated).toMatchObject({
      text: expect.stringContaining("0x07"),
      conditions: [{ kind: "unknown" }],
    });
  });

  it("of legacy iptables may do anything", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 600 }),
        fc.constantFrom(4, 6),
        (entries, family) => {
          const hooks = [{ number: 2, entry: 0, underflow: 0 }];
          const chains = legacyChains({ family, table: "filter", hooks, entries });
          expect(chains.every(({ table }) => table.endsWith(" filter (legacy)"))).toBe(true);
        },
      ),
      { seed },
    );
    const unread = legacyChains({ family: 4, table: "filter", hooks: [] });
    expect(unread.map(({ base }) => base?.hook)).toContain("forward");
    expect(unread[0]?.rules[0]?.verdict.kind).toBe("unknown");
  });
});
