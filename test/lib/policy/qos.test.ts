import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limitOf, type Qos } from "../../../lib/policy/qos.ts";
import { seed } from "../seed.ts";

const frame = 1518;
const mbit = 125_000;
const out = (bytesPerSecond: number, burstBytes?: number): Qos => ({
  kind: "QOS",
  out: { bytesPerSecond, ...(burstBytes === undefined ? {} : { burstBytes }) },
});
const limit = (...policies: readonly Qos[]) => limitOf(policies, "out", frame);

describe("the limit of a port", () => {
  it("is none without a policy, for the other direction, and at a rate that no port carries", () => {
    expect(limit()).toBeUndefined();
    expect(limitOf([out(mbit)], "in", frame)).toBeUndefined();
    expect(limit(out(Number.MAX_SAFE_INTEGER))).toBeUndefined();
  });

  it("is the lowest of several", () => {
    expect(limit(out(8 * mbit), out(2 * mbit), out(4 * mbit))?.bytesPerSecond).toBe(2 * mbit);
  });

  it("has a burst of five milliseconds, and of two frames where that is more", () => {
    expect(limit(out(1000 * mbit))?.burstBytes).toBe(625_000);
    expect(limit(out(mbit))?.burstBytes).toBe(2 * frame);
    expect(limitOf([out(mbit)], "out", 9018)?.burstBytes).toBe(2 * 9018);
  });

  it("takes the burst that is wished for where the rate can be held with it", () => {
    expect(limit(out(1000 * mbit, 300_000))?.burstBytes).toBe(300_000);
    expect(limit(out(1000 * mbit, 1))?.burstBytes).toBe(125_000);
    expect(limit(out(mbit, 1))?.burstBytes).toBe(2 * frame);
  });

  it.each([2 ** 31 / 8, 2 ** 32 - 1, 2 ** 53])("takes no burst of %i bytes, which is none", (burst) => {
    expect(limit(out(10 * mbit, burst))?.burstBytes).toBe(31_250);
  });

  it("is in whole numbers that a kernel can hold, lets a frame pass, and holds in the first second", () => {
    const rate = fc.double({ min: 0.1, max: 9e11, noNaN: true });
    const burst = fc.option(fc.double({ min: 0, max: 2 ** 60, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(rate, burst, fc.integer({ min: 68, max: 65_553 }), (bytesPerSecond, wished, frameBytes) => {
        const found = limitOf([out(bytesPerSecond, wished)], "out", frameBytes);
        const { bytesPerSecond: held = 0, burstBytes = 0 } = found ?? {};
        expect(Number.isSafeInteger(held) && Number.isSafeInteger(burstBytes)).toBe(true);
        expect(held).toBeGreaterThanOrEqual(1);
        expect(Math.abs(held - bytesPerSecond)).toBeLessThanOrEqual(1);
        expect(burstBytes).toBeGreaterThan(frameBytes);
        expect(burstBytes).toBeLessThanOrEqual(2 ** 32 - 1);
        expect(burstBytes).toBeLessThanOrEqual(Math.max(held / 40 + 1, 2 * frameBytes));
      }),
      { seed },
    );
  });
});
