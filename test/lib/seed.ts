/** The seed of this run's random tests, printed so that a failure can be repeated with `SEED=<n>`. */
export const seed: number = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));
console.log(`random tests: SEED=${seed}`);
