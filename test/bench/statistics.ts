/** Medians, quartiles and how sure one can be of them. */

/** The value below which the share `q` of the samples lies, between neighbours by distance. NaN when there are none. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const resamples = 2000;

/**
 * The bootstrap interval (95 %) of median(ours) / median(reference).
 *
 * Rounds are drawn as pairs, because what disturbs a round disturbs both halves of it; where the numbers of rounds
 * differ, each side is drawn by itself. Equal samples give equal intervals: the draw is seeded.
 */
export function ratioInterval(ours: readonly number[], reference: readonly number[]): Interval {
  const random = seededRandom();
  const paired = ours.length === reference.length;
  return intervalOf(() => {
    const rounds = draw(ours.length, random);
    const others = paired ? rounds : draw(reference.length, random);
    return median(pick(ours, rounds)) / median(pick(reference, others));
  });
}

/** The bootstrap interval (95 %) of the median. */
export function medianInterval(samples: readonly number[]): Interval {
  const random = seededRandom();
  return intervalOf(() => median(pick(samples, draw(samples.length, random))));
}

function intervalOf(estimate: () => number): Interval {
  const estimates = Array.from({ length: resamples }, estimate);
  return { low: quantile(estimates, 0.025), high: quantile(estimates, 0.975) };
}

function draw(count: number, random: () => number): readonly number[] {
  return Array.from({ length: count }, () => Math.floor(random() * count));
}

function pick(samples: readonly number[], places: readonly number[]): readonly number[] {
  return places.map((place) => samples[place] ?? Number.NaN);
}

/** Numbers in [0, 1): xorshift32 (Marsaglia 2003). */
function seededRandom(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
