/** Whether somebody has flushed our chains: a table without its rules looks whole and does nothing. */

import { NetlinkError } from "../../netlink/error.ts";
import type { Reply, Request } from "../../netlink/message.ts";
import { decodeChainUse, getChain } from "../../netlink/nft/chain.ts";
import type { NftFamily } from "../../netlink/nft/message.ts";
import { isErrno } from "../../os/error.ts";
import { LAYOUT_TABLE } from "./table.ts";

/**
 * Rules of the chains that are looked at with every call: those that the kernel runs, and those without which the
 * others come to nothing. A test holds it against the chains themselves, which only their creation needs.
 */
export const RULE_COUNTS = {
  inet: {
    loopback_guard: 4,
    prerouting: 2,
    output: 2,
    publish: 4,
    forward: 2,
    postrouting: 10,
    tunnel_out: 1,
    tunnel_in: 2,
    tunnel_from: 6,
    tunnel_source: 3,
  },
  bridge: { from_port: 4, to_port: 1, guard: 2, after_nat: 4 },
} as const satisfies Partial<Record<NftFamily, Readonly<Record<string, number>>>>;

const watched = Object.entries(RULE_COUNTS).flatMap(([family, chains]) =>
  Object.entries(chains).map(([chain, count]) => ({ family: family as NftFamily, chain, count })),
);

/** One request for each chain. */
export function getChains(): readonly Request[] {
  const { table } = LAYOUT_TABLE;
  return watched.map(({ family, chain }) => getChain({ family, table, chain }));
}

/**
 * @param outcomes of `getChains`. A chain counts its rules and the jumps to it, so more is no damage
 * @throws {NetlinkError} the outcome itself, when it is another failure than ENOENT
 */
export function isDamaged(outcomes: readonly (readonly Reply[] | NetlinkError)[]): boolean {
  const uses = outcomes.map(useOf);
  return watched.some(({ count }, i) => (uses[i] ?? 0) < count);
}

function useOf(outcome: readonly Reply[] | NetlinkError): number {
  if (outcome instanceof NetlinkError) {
    if (isErrno(outcome, "ENOENT")) return 0;
    throw outcome;
  }
  const [reply] = outcome;
  return reply === undefined ? 0 : decodeChainUse(reply);
}
