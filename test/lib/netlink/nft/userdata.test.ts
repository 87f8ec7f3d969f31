import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  clipComment,
  commentUserdata,
  decodeComment,
  decodeUserdata,
} from "../../../../lib/netlink/nft/userdata.ts";
import { seed } from "../../seed.ts";

const bytesOf = (text: string): number => Buffer.byteLength(text);

describe("a comment", () => {
  it("of 128 bytes stays whole", () => {
    expect(clipComment("x".repeat(128))).toBe("x".repeat(128));
    expect(clipComment("é".repeat(64))).toBe("é".repeat(64));
  });

  it("is cut between characters, by bytes", () => {
    expect(clipComment("x".repeat(129))).toBe("x".repeat(128));
    expect(clipComment(`x${"é".repeat(64)}`)).toBe(`x${"é".repeat(63)}`);
    expect(clipComment(`x${"😀".repeat(32)}`)).toBe(`x${"😀".repeat(31)}`);
  });

  it("loses what nft cannot write inside quotes", () => {
    expect(clipComment('a "b"\nc\0d\x7f')).toBe("a 'b' c d ");
  });

  it("never exceeds the limit, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const clipped = clipComment(text);
        expect(bytesOf(clipped)).toBeLessThanOrEqual(128);
        expect(decodeComment(commentUserdata(0, clipped), 0)).toBe(clipped);
        expect(clipComment(clipped)).toBe(clipped);
      }),
      { seed },
    );
  });

  it("that is too long is refused where nobody clipped it", () => {
    expect(() => commentUserdata(0, "x".repeat(129))).toThrow(RangeError);
  });
});

describe("user data of others", () => {
  it("is left out from where it does not parse", () => {
    const whole = commentUserdata(0, "ours");
    expect(decodeUserdata(whole.subarray(0, 4))).toEqual([]);
    expect(decodeComment(Uint8Array.of(...whole, 9, 200, 1), 0)).toBe("ours");
    expect(decodeComment(undefined, 0)).toBeUndefined();
  });
});
