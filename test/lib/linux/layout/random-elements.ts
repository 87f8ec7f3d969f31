/** Random elements of the layout: those of networks and ports by its constructors, those of policies by their sets. */
import fc from "fast-check";
import { type Family, ipFromNumber, ipNumber } from "../../../../lib/addr/ip.ts";
import { networkOf, prefixOf } from "../../../../lib/addr/prefix.ts";
import {
  directElement,
  type LayoutElement,
  natElement,
  publishedElement,
  switchElement,
} from "../../../../lib/linux/layout/element.ts";
import { endpointSetNames, layoutSet, networkSetNames } from "../../../../lib/linux/layout/sets.ts";
import { clipComment } from "../../../../lib/netlink/nft/userdata.ts";

const family = fc.constantFrom<Family>(4, 6);
const bits = (of: Family): number => (of === 4 ? 32 : 128);
const address = (of: Family) =>
  fc
    // No mapped IPv4 addresses: their text is another family.
    .bigInt(of === 4 ? 1n : 1n << 100n, (1n << BigInt(bits(of))) - 1n)
    .map((value) => ipFromNumber(of, value));
const anyPrefix = (of: Family) =>
  fc
    .tuple(address(of), fc.integer({ min: of === 4 ? 1 : 29, max: bits(of) }))
    .map(([ip, length]) => prefixOf(ip, length));
const comment = fc.string({ unit: "binary", maxLength: 150 });
const port = fc.integer({ min: 1, max: 65_535 });

const published = family.chain((of) =>
  fc
    .record({
      hostIp: fc.option(address(of), { nil: undefined }),
      protocol: fc.constantFrom("tcp", "udp", "sctp"),
      hostPort: port,
      address: address(of),
      containerPort: port,
    })
    .map(({ hostIp, ...rest }) => (hostIp === undefined ? rest : { hostIp, ...rest })),
);

const ifname = fc.stringMatching(/^[a-z0-9-]{1,15}$/);
const number = (most: number) =>
  fc.tuple(fc.nat(most), fc.nat(most)).map(([a, b]) => (a === b ? a : `${Math.min(a, b)}-${Math.max(a, b)}`));
/** Begins at an odd address, so that no prefix says it shorter. */
const anyRange = (of: Family) =>
  fc
    .tuple(address(of), fc.bigInt(1n, 1n << 20n))
    .map(([from, size]) => [ipNumber(from) | 1n, size] as const)
    .filter(([first, size]) => first + size < 1n << BigInt(bits(of)))
    .map(([first, size]) => `${ipFromNumber(of, first)}-${ipFromNumber(of, first + size)}`);
const span = (of: Family) => fc.oneof(anyPrefix(of).map(networkOf), anyRange(of));

/** As they come back, of keys that are plain and of such whose fields are ranges. */
const plain: Readonly<Record<string, fc.Arbitrary<string | number>>> = {
  ifname,
  ether_addr: fc.bigInt(0n, (1n << 48n) - 1n).map((value) => {
    const digits = value.toString(16).padStart(12, "0");
    return digits.replaceAll(/(..)(?=.)/g, "$1:");
  }),
  inet_proto: fc.integer({ min: 0, max: 255 }).filter(isUnnamed),
  inet_service: fc.integer({ min: 0, max: 65_535 }),
  ipv4_addr: address(4),
  ipv6_addr: address(6),
};
const ranged: Readonly<Record<string, fc.Arbitrary<string | number>>> = {
  ifname,
  inet_proto: fc.oneof(fc.constantFrom("tcp", "udp", "icmp", "ipv6-icmp"), number(255).filter(isUnnamed)),
  inet_service: number(65_535),
  ipv4_addr: span(4),
  ipv6_addr: span(6),
};

function isUnnamed(value: string | number): boolean {
  return typeof value === "string" || ![1, 2, 6, 17, 58, 132].includes(value);
}

const policySets = [...networkSetNames, ...endpointSetNames].filter(
  (set) => !/^(switches|nat|direct|published)/.test(set),
);

/** Of any set of policies, by the types of its key. */
const policyElement: fc.Arbitrary<LayoutElement> = fc.constantFrom(...policySets).chain((set) => {
  const { key, data, interval } = layoutSet(set);
  const fields = key.map((type) => (interval ? ranged : plain)[type] ?? fc.constant(0));
  const ip = key.includes("ipv4_addr") ? address(4) : address(6);
  const target: fc.Arbitrary<string> = data === "verdict" ? fc.constantFrom("goto guard", "drop") : ip;
  return fc
    .record({ key: fc.tuple(...fields), data: fc.tuple(target), comment: comment.map(clipComment) })
    .map((one) => ({
      set,
      key: one.key,
      comment: one.comment,
      ...(data === undefined ? {} : { data: one.data }),
    }));
});

export const layoutElement: fc.Arbitrary<LayoutElement> = fc.oneof(
  policyElement,
  fc.tuple(fc.stringMatching(/^[a-z0-9-]{1,15}$/), comment).map((args) => switchElement(...args)),
  fc.tuple(family.chain(anyPrefix), comment).map((args) => natElement(...args)),
  family.chain((of) => fc.tuple(anyPrefix(of), anyPrefix(of), comment)).map((args) => directElement(...args)),
  fc.tuple(published, comment).map((args) => publishedElement(...args)),
);
