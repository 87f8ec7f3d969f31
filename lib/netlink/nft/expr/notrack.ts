/** notrack: no connection tracking for this packet; an expression without attributes (net/netfilter/nft_ct.c). */

/** For chains that come before connection tracking: "raw" or earlier. */
export interface Notrack {
  readonly kind: "notrack";
}

export function decodeNotrack(): Notrack {
  return { kind: "notrack" };
}
