/** ct: what connection tracking knows of the packet's connection (nf_tables.h, enum nft_ct_attributes). */
import { type Attr, be32, getBe32 } from "../../attr.ts";

const NFTA_CT_DREG = 1;
const NFTA_CT_KEY = 2;

/** enum nft_ct_keys, those that have no direction. */
const NFT_CT = { state: 0, direction: 1, status: 2, mark: 3 } as const;
/** Bits of "status", in host order (linux/netfilter/nf_conntrack_common.h). */
export const IPS_SRC_NAT = 1 << 4;
export const IPS_DST_NAT = 1 << 5;
/** Bits of "state", in host order: NF_CT_STATE_BIT of the same header. */
export const NF_CT_STATE_INVALID = 1;
export const NF_CT_STATE_ESTABLISHED = 1 << 1;
export const NF_CT_STATE_RELATED = 1 << 2;
export const NF_CT_STATE_NEW = 1 << 3;

export interface Ct {
  readonly kind: "ct";
  readonly key: keyof typeof NFT_CT;
  readonly register: number;
}

export function encodeCt({ key, register }: Ct): readonly Uint8Array[] {
  return [be32(NFTA_CT_KEY, NFT_CT[key]), be32(NFTA_CT_DREG, register)];
}

/** @throws {RangeError} for a key that is not in the table above */
export function decodeCt(attrs: readonly Attr[]): Ct {
  const number = getBe32(attrs, NFTA_CT_KEY);
  for (const [key, value] of Object.entries(NFT_CT)) {
    if (value === number)
      return { kind: "ct", key: key as Ct["key"], register: getBe32(attrs, NFTA_CT_DREG) ?? 0 };
  }
  throw new RangeError(`ct key ${number}`);
}
