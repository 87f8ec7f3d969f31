/** Waiting for what no event tells of. */

/** @throws with the last value when it has not come about in time */
export async function until<T>(
  look: () => Promise<T> | T,
  isSo: (value: T) => boolean,
  what: string,
  timeoutMs = 20_000,
): Promise<T> {
  for (const deadline = performance.now() + timeoutMs; ; await Bun.sleep(30)) {
    const value = await look();
    if (isSo(value)) return value;
    if (performance.now() > deadline)
      throw new Error(`${what}: not in ${timeoutMs} ms; last ${JSON.stringify(value)}`);
  }
}
