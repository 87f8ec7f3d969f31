/** The order in which the two sides take turns. */

/**
 * Runs `once` for each side in every round. The sides change places from round to round, so that neither always comes
 * after the other. Round 0 comes first and warms up: its numbers are not kept.
 * @returns per side what `once` returned, in the order of the rounds
 */
export async function interleave<Side, Sample>(
  sides: readonly [ours: Side, reference: Side],
  rounds: number,
  once: (side: Side, round: number) => Promise<Sample>,
): Promise<readonly [ours: readonly Sample[], reference: readonly Sample[]]> {
  const samples: [Sample[], Sample[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    for (const at of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const sample = await once(sides[at], round);
      if (round > 0) samples[at].push(sample);
    }
  }
  return samples;
}

/** Fewer rounds for slow work, but enough to see a spread. */
export function fewer(rounds: number, divisor: number): number {
  return Math.max(Math.min(rounds, 3), Math.round(rounds / divisor));
}
