/** Random elements of the layout, made by its constructors. */
import fc from "fast-check";
import { type Family, ipFromNumber } from "../../../../lib/addr/ip.ts";
import { prefixOf } from "../../../../lib/addr/prefix.ts";
import {
  directElement,
  type LayoutElement,
  natElement,
  publishedElement,
  switchElement,
} from "../../../../lib/linux/layout/element.ts";

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

export const layoutElement: fc.Arbitrary<LayoutElement> = fc.oneof(
  fc.tuple(fc.stringMatching(/^[a-z0-9-]{1,15}$/), comment).map((args) => switchElement(...args)),
  fc.tuple(family.chain(anyPrefix), comment).map((args) => natElement(...args)),
  family.chain((of) => fc.tuple(anyPrefix(of), anyPrefix(of), comment)).map((args) => directElement(...args)),
  fc.tuple(published, comment).map((args) => publishedElement(...args)),
);
