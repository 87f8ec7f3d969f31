import { describe, expect, it } from "vitest";
import { median, medianInterval, quantile, ratioInterval } from "./statistics.ts";

describe("statistics of the bench", () => {
  it("finds medians and quartiles between neighbours", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([0, 10, 20, 30, 40], 0.25)).toBe(10);
    expect(quantile([0, 10], 0.9)).toBeCloseTo(9);
    expect(median([])).toBeNaN();
  });

  it("gives an interval that holds the median and lies within the samples", () => {
    const samples = [9, 12, 10, 11, 30, 10, 9, 11];
    const { low, high } = medianInterval(samples);
    expect(low).toBeGreaterThanOrEqual(9);
    expect(low).toBeLessThanOrEqual(median(samples));
    expect(high).toBeGreaterThanOrEqual(median(samples));
    expect(high).toBeLessThanOrEqual(30);
    expect(high).toBeGreaterThan(low);
  });

  it("gives equal intervals for equal samples", () => {
    const [ours, reference] = [
      [1, 2, 3, 4],
      [10, 9, 8, 12],
    ];
    expect(ratioInterval(ours, reference)).toEqual(ratioInterval(ours, reference));
  });

  it("does not widen the interval of a ratio by what slows both halves of a round", () => {
    const ours = [10, 40, 20, 80, 10, 160];
    const slowed = ours.map((value) => value * 5);
    const { low, high } = ratioInterval(ours, slowed);
    expect(low).toBeCloseTo(0.2);
    expect(high).toBeCloseTo(0.2);
    const unpaired = ratioInterval(ours, slowed.slice(1));
    expect(unpaired.high / unpaired.low).toBeGreaterThan(2);
  });
});
