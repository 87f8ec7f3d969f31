import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EtcdError } from "../../../../lib/etcd/error.ts";
import {
  afterKey,
  afterPrefix,
  decodeText,
  encodeBytes,
  keyBytes,
  textBytes,
} from "../../../../lib/etcd/wire/text.ts";
import { seed } from "../../seed.ts";

describe("text in base64", () => {
  it("comes back as it was, a byte order mark and NULs of a value too", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(decodeText(encodeBytes(textBytes(text)))).toEqual({ text, garbled: false });
      }),
      { seed, numRuns: 200, examples: [["\ufeffa"], ["\0"], ["a\ufeff"], ["€😀"]] },
    );
  });

  it("that is no UTF-8 says so", () => {
    expect(decodeText(Buffer.from([0x61, 0xff]).toString("base64"))).toEqual({
      text: "a\ufffd",
      garbled: true,
    });
  });
});

describe("a key", () => {
  it.each([[""], ["a\0"], ["a\nb"], ["\u007f"], ["\ud800"]])("is not %j", (key) => {
    expect(() => keyBytes(key)).toThrow(EtcdError);
  });

  it("may have all letters of the world", () => {
    expect(encodeBytes(keyBytes("/vswitch/é"))).toBe("L3Zzd2l0Y2gvw6k=");
  });
});

describe("a range of keys", () => {
  it("by prefix ends before the first that does not begin with it", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 1 }),
        fc.string({ unit: "grapheme" }),
        (prefix, other) => {
          const [start, key] = [textBytes(prefix), textBytes(other)];
          const within = Buffer.compare(key, start) >= 0 && Buffer.compare(key, afterPrefix(start)) < 0;
          expect(within).toBe(Buffer.from(key).subarray(0, start.length).equals(start));
        },
      ),
      {
        seed,
        numRuns: 500,
        examples: [
          ["/a/", "/a/b"],
          ["/a/", "/a0"],
          ["é", "é"],
        ],
      },
    );
  });

  it("goes on directly behind a key", () => {
    expect([...afterKey(textBytes("a"))]).toEqual([0x61, 0]);
  });
});
