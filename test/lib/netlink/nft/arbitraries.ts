/** Random values for everything that has an encoder and a decoder. */
import fc from "fast-check";
import { ipFromBytes } from "../../../../lib/addr/ip.ts";
import { macFromBytes } from "../../../../lib/addr/mac.ts";
import { networkOf, prefixOf } from "../../../../lib/addr/prefix.ts";
import { DATATYPES, type DatatypeName, type FieldValue } from "../../../../lib/netlink/nft/datatype.ts";
import type { Expression } from "../../../../lib/netlink/nft/expr/expression.ts";
import type { SetType } from "../../../../lib/netlink/nft/set.ts";
import type { TypedElement } from "../../../../lib/netlink/nft/typed-element.ts";
import { clipComment } from "../../../../lib/netlink/nft/userdata.ts";
import { formatVerdict, type Verdict } from "../../../../lib/netlink/nft/verdict.ts";

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const u32 = fc.nat(0xffff_ffff);
const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,14}$/);
const register = fc.nat(23);
export const comment = fc.string({ unit: "binary", maxLength: 200 }).map(clipComment);

/** Without mapped addresses: their text is that of the IPv4 address, of which no IPv6 prefix can be made. */
const v6 = bytes(16).filter((address) => address.subarray(0, 10).some((byte) => byte !== 0));

const mapped = (address: Uint8Array): Uint8Array =>
  Uint8Array.of(...new Uint8Array(10), 0xff, 0xff, ...address);

const single: { readonly [Name in DatatypeName]: fc.Arbitrary<FieldValue> } = {
  ipv4_addr: bytes(4).map(ipFromBytes),
  ipv6_addr: fc.oneof(v6, bytes(4).map(mapped)).map(ipFromBytes),
  ether_addr: bytes(6).map(macFromBytes),
  inet_proto: fc.oneof(fc.constantFrom("tcp", "udp", "sctp"), fc.integer({ min: 200, max: 255 })),
  inet_service: fc.nat(0xffff),
  mark: u32,
  iface_index: fc.nat(0x7fff_ffff),
  ifname: name,
};

const prefixes = (address: fc.Arbitrary<Uint8Array>, bits: number): fc.Arbitrary<FieldValue> =>
  fc
    .tuple(address, fc.integer({ min: 97 % bits, max: bits }))
    .map(([from, length]) => networkOf(prefixOf(ipFromBytes(from), length)));

const ports = fc
  .tuple(fc.nat(0xffff), fc.nat(0xffff))
  .map(([a, b]) => (a === b ? a : `${Math.min(a, b)}-${Math.max(a, b)}`));

const ranges: { readonly [Name in DatatypeName]: fc.Arbitrary<FieldValue> } = {
  ...single,
  ipv4_addr: prefixes(bytes(4), 32),
  ipv6_addr: prefixes(v6, 128),
  inet_service: ports,
};

const fields = fc.array(fc.constantFrom(...(Object.keys(DATATYPES) as DatatypeName[])), {
  minLength: 1,
  maxLength: 4,
});

export const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.record({ kind: fc.constantFrom("drop", "accept", "continue", "break", "return") }),
  fc.record({ kind: fc.constantFrom("jump", "goto"), chain: name }),
);

export const setType: fc.Arbitrary<SetType> = fc
  .record({
    key: fields,
    data: fc.option(fc.oneof(fields, fc.constant("verdict" as const)), { nil: undefined }),
    interval: fc.boolean(),
  })
  .map(({ key, data, interval }) => ({ key, ...(data && { data }), ...(interval && { interval: true }) }));

/** A set with some elements that fit it. */
export const typedElements: fc.Arbitrary<readonly [SetType, readonly TypedElement[]]> = setType.chain(
  (type) => fc.tuple(fc.constant(type), fc.array(elementOf(type), { maxLength: 5 })),
);

function elementOf({ key, data, interval }: SetType): fc.Arbitrary<TypedElement> {
  const datum =
    data === "verdict"
      ? verdict.map((value) => [formatVerdict(value)])
      : fc.tuple(...(data ?? []).map((field) => single[field]));
  return fc
    .record({
      key: fc.tuple(...key.map((field) => (interval ? ranges : single)[field])),
      datum,
      comment: fc.option(comment, { nil: undefined }),
    })
    .map(({ key, datum, comment }) => ({
      key,
      ...(data && { data: datum }),
      ...(comment !== undefined && { comment }),
    }));
}

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const masked = fc.integer({ min: 1, max: 16 }).chain((n) => fc.record({ mask: bytes(n), xor: bytes(n) }));

/** Absent fields are absent, not undefined. */
export const expression: fc.Arbitrary<Expression> = fc
  .oneof(
    fc.record({
      kind: fc.constant("meta"),
      key: fc.oneof(
        fc.constantFrom("iifname", "oifname", "mark", "l4proto", "nfproto"),
        fc.integer({ min: 50, max: 99 }),
      ),
      register,
      set: optional(fc.constant(true)),
    }),
    fc.record({
      kind: fc.constant("payload"),
      base: fc.constantFrom("ll", "network", "transport"),
      offset: u32,
      length: u32,
      register,
    }),
    fc.record({
      kind: fc.constant("cmp"),
      op: fc.constantFrom("eq", "neq", "lt", "lte", "gt", "gte"),
      register,
      value: bytes(7),
    }),
    masked.chain((both) =>
      fc.record({
        kind: fc.constant("bitwise"),
        source: register,
        target: register,
        mask: fc.constant(both.mask),
        xor: fc.constant(both.xor),
      }),
    ),
    fc.record({
      kind: fc.constant("lookup"),
      set: name,
      register,
      target: optional(register),
      inverse: optional(fc.constant(true)),
      setId: optional(u32),
    }),
    fc.record({
      kind: fc.constant("nat"),
      type: fc.constantFrom("snat", "dnat"),
      family: fc.constantFrom("ip", "ip6"),
      addressMin: optional(register),
      addressMax: optional(register),
      portMin: optional(register),
      portMax: optional(register),
      flags: optional(u32),
    }),
    fc.record({ kind: fc.constant("masq"), flags: optional(u32) }),
    fc.record({ kind: fc.constant("notrack") }),
    fc.record({
      kind: fc.constant("fib"),
      result: fc.constantFrom("oif", "oifname", "type"),
      flags: u32,
      register,
    }),
    fc.record({ kind: fc.constant("immediate"), register, data: fc.oneof(verdict, bytes(5)) }),
    fc.record({
      kind: fc.constant("ct"),
      key: fc.constantFrom("state", "direction", "status", "mark"),
      register,
    }),
    fc.record({
      kind: fc.constant("counter"),
      packets: optional(fc.bigInt(0n, 2n ** 64n - 1n)),
      bytes: optional(fc.bigInt(0n, 2n ** 64n - 1n)),
    }),
    fc.record({ kind: fc.constant("unknown"), name: fc.constant("quota"), bytes: bytes(12) }),
  )
  .map(
    (value) =>
      Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Expression,
  );
