/** Judges what was measured. */
import type { Goal, Measured } from "./row.ts";
import { type Interval, median, medianInterval, quantile, ratioInterval } from "./statistics.ts";

export interface Summary {
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
  /** Of all rounds: what others do to the machine only ever adds to it. */
  readonly least: number;
  readonly rounds: number;
}

/**
 * - `reached`, `missed`: the whole interval is on one side of the goal.
 * - `even`: the goal is inside the interval, and the interval is narrow: no difference can be seen.
 * - `noisy`: the goal is inside the interval, and the interval is wide: measure again on a quiet machine.
 * - `not judged`: there is no goal, or it is not for what was measured.
 */
export type Verdict = "reached" | "missed" | "even" | "noisy" | "not judged";

export interface Judged {
  readonly ours: Summary;
  readonly reference: Summary;
  /** Of the medians, ours / reference. */
  readonly ratio: number;
  /** 95 %: of the ratio, or of our median when the goal is absolute. */
  readonly interval: Interval;
  readonly verdict: Verdict;
}

/** Wider than this share of the goal is too wide to call it even. */
const narrow = 0.1;
/** A single round says nothing of its spread: it is taken as right to this factor either way. */
const oneRoundFactor = 1.5;

export function judge({ row: { goal }, ours, reference, notJudged }: Measured): Judged {
  const absolute = goal?.kind === "at-most";
  const measured = absolute ? medianInterval(ours) : ratioInterval(ours, reference);
  const fewest = absolute ? ours.length : Math.min(ours.length, reference.length);
  const interval =
    fewest > 1 ? measured : { low: measured.low / oneRoundFactor, high: measured.high * oneRoundFactor };
  return {
    ours: summaryOf(ours),
    reference: summaryOf(reference),
    ratio: median(ours) / median(reference),
    interval,
    verdict: goal === undefined || notJudged !== undefined ? "not judged" : compare(interval, goal),
  };
}

function compare({ low, high }: Interval, goal: Goal): Verdict {
  if (Number.isNaN(low) || Number.isNaN(high)) return "noisy";
  const [allBelow, allAbove] = [high <= goal.value, low >= goal.value];
  if (goal.kind === "ratio-at-least" ? allAbove : allBelow) return "reached";
  if (allBelow || allAbove) return "missed";
  return high - low <= narrow * goal.value ? "even" : "noisy";
}

function summaryOf(samples: readonly number[]): Summary {
  return {
    median: median(samples),
    q1: quantile(samples, 0.25),
    q3: quantile(samples, 0.75),
    least: quantile(samples, 0),
    rounds: samples.length,
  };
}
