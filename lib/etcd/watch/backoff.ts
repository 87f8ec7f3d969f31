/** How long to wait before the next try. */

const firstMs = 100;
const longestMs = 30_000;

/**
 * Between half of and all of 0.1 s, 0.2 s, 0.4 s and so on up to 30 s: of a thousand hosts that lost a member at the
 * same moment, no two come back at the same.
 *
 * @param failures in a row, from 1 on
 * @param random from 0 up to 1
 */
export function backoffMs(failures: number, random: number): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return (ceiling * (1 + random)) / 2;
}
