/** Whether somebody has flushed our chains: a table without its rules looks whole and does nothing. */

import { NetlinkError } from "../../netlink/error.ts";
import type { Reply, Request } from "../../netlink/message.ts";
import { decodeChainUse, getChain } from "../../netlink/nft/chain.ts";
import { isErrno } from "../../os/error.ts";
import { LAYOUT_TABLE } from "./table.ts";

/** Rules of each chain; a test holds it against the chains themselves, which only their creation needs. */
export const RULE_COUNTS: Readonly<Record<string, number>> = {
  loopback_guard: 3,
  prerouting: 2,
  output: 2,
  publish: 4,
  postrouting: 7,
};

/** One request for each chain. */
export function getChains(): readonly Request[] {
  return Object.keys(RULE_COUNTS).map((chain) => getChain({ ...LAYOUT_TABLE, chain }));
}

/**
 * @param outcomes of `getChains`. A chain counts its rules and the jumps to it, so more is no damage
 * @throws {NetlinkError} the outcome itself, when it is another failure than ENOENT
 */
export function isDamaged(outcomes: readonly (readonly Reply[] | NetlinkError)[]): boolean {
  const uses = outcomes.map(useOf);
  return Object.values(RULE_COUNTS).some((count, i) => (uses[i] ?? 0) < count);
}

function useOf(outcome: readonly Reply[] | NetlinkError): number {
  if (outcome instanceof NetlinkError) {
    if (isErrno(outcome, "ENOENT")) return 0;
    throw outcome;
  }
  const [reply] = outcome;
  return reply === undefined ? 0 : decodeChainUse(reply);
}
