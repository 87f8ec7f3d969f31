import { describe, expect, it } from "vitest";
import { decodeElements, type Element, elementRequests } from "../../../../lib/netlink/nft/element.ts";
import { decodeTypedElements, encodeTypedElement } from "../../../../lib/netlink/nft/typed-element.ts";

const set = { family: "inet", table: "t", set: "s" } as const;
const asReply = (payload: Uint8Array) => ({ type: 0, flags: 0, payload });

function keys(count: number, rest: Partial<Element> = {}): readonly (readonly Element[])[] {
  return Array.from({ length: count }, (_, i) => [{ key: Uint8Array.of(i >> 16, i >> 8, i), ...rest }]);
}

describe("many elements", () => {
  it("are spread over as few requests as the 64 KiB limit of an attribute allows", () => {
    const groups = keys(10_000, { comment: "c".repeat(100) });
    const requests = elementRequests("create", set, groups, String);
    const bytes = requests.reduce((sum, { payload }) => sum + payload.length, 0);
    expect(requests.length).toBe(Math.ceil(bytes / 65_531));
    for (const { payload } of requests) expect(payload.length).toBeLessThan(65_600);
    const decoded = requests.flatMap(({ payload }) => decodeElements(asReply(payload)));
    expect(decoded.map(({ key }) => key)).toEqual(groups.map(([element]) => element?.key));
  });

  it("never separate a range from its end", () => {
    const type = { key: ["ipv4_addr"], interval: true } as const;
    const groups = Array.from({ length: 3000 }, (_, i) =>
      encodeTypedElement(type, { key: [`10.${i >> 8}.${i & 255}.0/25`] }),
    );
    const requests = elementRequests("create", set, groups, String);
    expect(requests.length).toBeGreaterThan(1);
    for (const { payload } of requests) {
      const ends = decodeElements(asReply(payload)).map(({ intervalEnd }) => intervalEnd ?? false);
      expect(ends).toEqual(ends.map((_, i) => i % 2 === 1));
    }
  });

  it("are named in the title up to the fourth and counted from there", () => {
    const titles = (count: number) =>
      elementRequests("create", set, keys(count), String).map(({ title }) => title);
    expect(titles(4)).toEqual(["create element inet t s { 0, 1, 2, 3 }"]);
    expect(titles(7)).toEqual(["create element inet t s { 0, 1, 2, 3, and 3 more }"]);
    const [first, second] = titles(5000);
    expect(first).toMatch(/^create element inet t s \{ 0, 1, 2, 3, and \d+ more \}$/);
    expect(second).not.toContain(" 0,");
  });

  it("when there are none need no request", () => {
    expect(elementRequests("create", set, [], String)).toEqual([]);
  });
});

describe("a range of addresses", () => {
  const rangeOf = (key: string, type: "ipv4_addr" | "ipv6_addr" = "ipv6_addr") =>
    encodeTypedElement({ key: [type, "inet_service"], interval: true }, { key: [key, 80] });

  it("may lie among those that stand for IPv4, whose text is that of IPv4", () => {
    for (const key of ["10.0.0.0/104", "10.0.0.1/128", "::/0", "::fffe:0:1-10.0.0.9", "10.0.0.1-::1:0:0:0"]) {
      const [element] = decodeTypedElements(
        { key: ["ipv6_addr", "inet_service"], interval: true },
        rangeOf(key),
      );
      expect(element?.key).toEqual([key, 80]);
    }
  });

  it("counts the bits of a prefix alone", () => {
    expect(rangeOf("10.1.2.3/8", "ipv4_addr")).toEqual(rangeOf("10.0.0.0/8", "ipv4_addr"));
    expect(rangeOf("fd00::1/9")).toEqual(rangeOf("fd00::/9"));
  });

  it.each(["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "/8", "::/8", "10.0.0.0/8/8"])(
    "is refused: %s",
    (key) => {
      expect(() => rangeOf(key, "ipv4_addr")).toThrow(RangeError);
    },
  );
});

describe("an element that does not fit its set", () => {
  const type = { key: ["ipv4_addr", "inet_proto", "inet_service"] } as const;
  for (const [what, key] of [
    ["too few fields", ["10.0.0.1", "tcp"]],
    ["an address of the other family", ["::1", "tcp", 80]],
    ["a port out of range", ["10.0.0.1", "tcp", 65_536]],
    ["a protocol without a name of ours", ["10.0.0.1", "carp", 80]],
    ["a port that is text", ["10.0.0.1", "tcp", "80"]],
    ["an address with a length", ["10.0.0.0/8", "tcp", 80]],
  ] as const) {
    it(`is refused: ${what}`, () => {
      expect(() => encodeTypedElement(type, { key })).toThrow(RangeError);
    });
  }

  it("is refused: an interface name of 16 bytes, or none", () => {
    for (const name of ["", "x".repeat(16), "ééééééé1x"]) {
      expect(() => encodeTypedElement({ key: ["ifname"] }, { key: [name] })).toThrow(RangeError);
    }
    expect(encodeTypedElement({ key: ["ifname"] }, { key: ["x".repeat(15)] })[0]?.key).toHaveLength(16);
  });
});
