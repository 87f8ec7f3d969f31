/** meta: something the kernel knows of the packet besides its bytes (nf_tables.h, enum nft_meta_attributes). */
import { type Attr, be32, getBe32 } from "../../attr.ts";

const NFTA_META_DREG = 1;
const NFTA_META_KEY = 2;
const NFTA_META_SREG = 3;

/** enum nft_meta_keys, with nft's names. */
const NFT_META = {
  protocol: 1,
  mark: 3,
  iif: 4,
  oif: 5,
  iifname: 6,
  oifname: 7,
  nftrace: 12,
  nfproto: 15,
  l4proto: 16,
  ibrname: 17,
  obrname: 18,
} as const;
export type MetaKey = keyof typeof NFT_META | number;

export interface Meta {
  readonly kind: "meta";
  /** A number where nft's table above has no name. */
  readonly key: MetaKey;
  /** Where the value goes; with `set`, where it comes from. */
  readonly register: number;
  /** Writes instead of reading, as in "meta mark set". */
  readonly set?: true;
}

export function encodeMeta({ key, register, set }: Meta): readonly Uint8Array[] {
  const number = typeof key === "number" ? key : NFT_META[key];
  return [be32(NFTA_META_KEY, number), be32(set ? NFTA_META_SREG : NFTA_META_DREG, register)];
}

export function decodeMeta(attrs: readonly Attr[]): Meta {
  const source = getBe32(attrs, NFTA_META_SREG);
  const key = keyName(getBe32(attrs, NFTA_META_KEY) ?? 0);
  if (source !== undefined) return { kind: "meta", key, register: source, set: true };
  return { kind: "meta", key, register: getBe32(attrs, NFTA_META_DREG) ?? 0 };
}

function keyName(number: number): MetaKey {
  for (const [name, value] of Object.entries(NFT_META))
    if (value === number) return name as keyof typeof NFT_META;
  return number;
}
