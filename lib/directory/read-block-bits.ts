/** The length of the blocks that hosts claim, as a configuration says it. Pure. */
import { type Prefix, prefixFamily, prefixLength } from "../addr/prefix.ts";
import { type Issue, report } from "../cni/read.ts";
import type { NetworkDirectory } from "./config.ts";

/**
 * Blocks of 64 addresses, as far as nothing else is said: one number counts for the family that it fits.
 *
 * @param at where it stands: `blockBits`
 */
export function readBlockBits(
  bits: number | undefined,
  cidrs: readonly Prefix[],
  at: string,
  issues: Issue[],
): NetworkDirectory["blockBits"] {
  const families = new Set(cidrs.map(prefixFamily));
  if (bits !== undefined && bits > 30 && families.has(4) && !families.has(6))
    report(issues, at, "30 at most: a block has a gateway, and addresses to give", bits);
  const read = {
    4: bits !== undefined && bits <= 30 ? bits : 26,
    6: bits !== undefined && bits > 30 ? bits : 122,
  };
  const smaller = cidrs.find((cidr) => prefixLength(cidr) > read[prefixFamily(cidr)]);
  if (smaller !== undefined)
    report(issues, at, `the length of a part of ${smaller}`, read[prefixFamily(smaller)]);
  return read;
}
