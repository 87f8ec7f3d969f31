/** masq: snat to the address of the interface by which the packet leaves (nf_tables.h, enum nft_masq_attributes). */
import { type Attr, be32, getBe32 } from "../../attr.ts";

const NFTA_MASQ_FLAGS = 1;

export interface Masq {
  readonly kind: "masq";
  /** NF_NAT_RANGE_* of linux/netfilter/nf_nat.h; absent: none. */
  readonly flags?: number;
}

export function encodeMasq({ flags }: Masq): readonly Uint8Array[] {
  return flags === undefined ? [] : [be32(NFTA_MASQ_FLAGS, flags)];
}

export function decodeMasq(attrs: readonly Attr[]): Masq {
  const flags = getBe32(attrs, NFTA_MASQ_FLAGS);
  return flags === undefined ? { kind: "masq" } : { kind: "masq", flags };
}
