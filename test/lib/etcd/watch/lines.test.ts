import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLines } from "../../../../lib/etcd/watch/lines.ts";
import { seed } from "../../seed.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("lines of a stream", () => {
  it("are the same however the bytes are cut, also within a character", async () => {
    const text = fc.array(
      fc.string({ unit: "grapheme", minLength: 1 }).map((line) => `x${line.replace(/\s/g, "")}y`),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (expected, size) => {
        const lines = createLines(1000);
        const whole = bytes(expected.map((line) => `${line}\n`).join("\r\n"));
        for (let at = 0; at < whole.length; at += size) {
          const lent = whole.slice(at, at + size);
          lines.push(lent);
          lent.fill(0x58);
        }
        lines.fail(new Error("the end"));
        for (const line of expected) expect(await lines.next()).toBe(line);
        await expect(lines.next()).rejects.toThrow("the end");
      }),
      { seed, numRuns: 200, examples: [[["é€😀"], 1]] },
    );
  });

  it("are waited for", async () => {
    const lines = createLines(100);
    const next = lines.next();
    lines.push(bytes("a"));
    lines.push(bytes("b\nc\n"));
    expect([await next, await lines.next()]).toEqual(["ab", "c"]);
  });

  it("include one at the end that no line break ends, once the stream has ended well", async () => {
    const lines = createLines(100);
    lines.push(bytes("a\nb"));
    lines.finish();
    lines.fail(new Error("the end"));
    expect([await lines.next(), await lines.next()]).toEqual(["a", "b"]);
    await expect(lines.next()).rejects.toThrow("the end");
  });

  it("have an end to their length", () => {
    const lines = createLines(10);
    lines.push(bytes("123456789\n123456789\n"));
    lines.push(bytes("12345"));
    expect(() => lines.push(bytes("678901"))).toThrow(RangeError);
  });
});
