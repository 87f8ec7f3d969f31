/** Numbers in an order that looks like chance, without a list of them: two hosts seldom begin alike. */
import { digest } from "../model/owner.ts";

/**
 * Each of 0 to `count - 1` once. A stride that has no divisor in common with the count comes by all of them before it is back
 * at its start.
 *
 * @param seed whose order it is
 */
export function* shuffled(count: bigint, seed: string): Generator<bigint, void> {
  if (count <= 0n) return;
  const start = BigInt(`0x${digest("start", seed)}`) % count;
  let stride = BigInt(`0x${digest("stride", seed)}`) % count;
  while (divisor(stride, count) !== 1n) stride = (stride + 1n) % count;
  let at = start;
  do {
    yield at;
    at = (at + stride) % count;
  } while (at !== start);
}

/** The greatest in common (Euclid); of 0 and n it is n. */
function divisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
