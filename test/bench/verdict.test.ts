import { describe, expect, it } from "vitest";
import type { Goal, Measured } from "./row.ts";
import { judge } from "./verdict.ts";

const atMost: Goal = { kind: "ratio-at-most", value: 0.5 };
const atLeast: Goal = { kind: "ratio-at-least", value: 1 };
const steady = [100, 101, 99, 100, 102, 98, 100];

function measured(goal: Goal | undefined, ours: readonly number[], reference: readonly number[] = steady) {
  const row = { name: "row", title: "a row", unit: "ms" as const, ...(goal && { goal }) };
  return { row, ours, reference } satisfies Measured;
}
const scaled = (factor: number) => steady.map((value) => value * factor);
const wild = (factor: number) => [5, 300, 100, 20, 190, 2, 140].map((value) => value * factor);

describe("the verdict on a row", () => {
  it.each([
    ["reached, where all of the interval is below a ratio that is at most", atMost, scaled(0.4), "reached"],
    ["missed, where all of it is above", atMost, scaled(0.6), "missed"],
    ["reached, where all of it is above a ratio that is at least", atLeast, scaled(1.3), "reached"],
    ["missed, where all of it is below", atLeast, scaled(0.8), "missed"],
    ["even, where a narrow interval holds the goal", atLeast, steady.toReversed(), "even"],
    ["noisy, where a wide interval holds the goal", atMost, wild(0.5), "noisy"],
    ["noisy, where nothing was measured", atMost, [], "noisy"],
  ])("is %s", (_, goal, ours, verdict) => {
    expect(judge(measured(goal, ours)).verdict).toBe(verdict);
  });

  it("trusts a single round of the reference to half as much again only", () => {
    expect(judge(measured(atMost, scaled(0.3), [100])).verdict).toBe("reached");
    expect(judge(measured(atMost, scaled(0.4), [100])).verdict).toBe("noisy");
  });

  it("asks our figure alone where the goal is absolute", () => {
    const goal: Goal = { kind: "at-most", value: 110 };
    expect(judge(measured(goal, steady, [1, 1])).verdict).toBe("reached");
    expect(judge(measured(goal, scaled(2), [1000, 1000])).verdict).toBe("missed");
  });

  it("is none without a goal, and where the goal is for something else", () => {
    expect(judge(measured(undefined, steady)).verdict).toBe("not judged");
    expect(judge({ ...measured(atMost, steady), notJudged: "fewer ports" }).verdict).toBe("not judged");
  });

  it("comes with medians, quartiles and the number of rounds", () => {
    const { ours, ratio } = judge(measured(atMost, [3, 1, 2, 5, 4], [10, 10, 10, 10, 10]));
    expect(ours).toEqual({ median: 3, q1: 2, q3: 4, least: 1, rounds: 5 });
    expect(ratio).toBeCloseTo(0.3);
  });
});
