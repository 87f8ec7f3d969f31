/** Waits for what no event announces, by asking again; never longer than a limit. */

const pauseMs = 40;

/**
 * Asks until `ask` gives a value other than undefined, and gives that value.
 * A question that throws counts as not yet answered.
 * @throws when `timeoutMs` (default 10 000) is over, with what was waited for and the last failure
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  timeoutMs = 10_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let last: unknown = "not yet so";
  while (performance.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      last = "not yet so";
    } catch (error) {
      last = error;
    }
    await Bun.sleep(pauseMs);
  }
  throw new Error(`${what}: not in ${timeoutMs} ms`, { cause: last });
}
