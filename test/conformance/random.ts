/** Random numbers that a seed repeats. */

export interface Random {
  readonly seed: number;
  /** From 0 up to, but without, `limit`. */
  below(limit: number): number;
}

/** A 32-bit generator of the "mulberry" kind; without a seed it takes one from the clock. */
export function randomFrom(seed: number = Date.now() % 2 ** 31): Random {
  const state = { value: seed };
  return {
    seed,
    below: (limit) => {
      state.value = (state.value + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state.value ^ (state.value >>> 15), 1 | state.value);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit;
    },
  };
}
