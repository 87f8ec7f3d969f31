/** lookup: goes on when a set has the key in a register, and loads what a map holds there (enum nft_lookup_attributes). */
import { type Attr, be32, getBe32, getText, text } from "../../attr.ts";

const NFTA_LOOKUP_SET = 1;
const NFTA_LOOKUP_SREG = 2;
const NFTA_LOOKUP_DREG = 3;
const NFTA_LOOKUP_SET_ID = 4;
const NFTA_LOOKUP_FLAGS = 5;
const NFT_LOOKUP_F_INV = 0x1;

export interface Lookup {
  readonly kind: "lookup";
  readonly set: string;
  readonly register: number;
  /** Of a map: where its data goes; 0 for a verdict map, whose data is the verdict. */
  readonly target?: number;
  /** Goes on when the set does not have the key. */
  readonly inverse?: true;
  /** Of addSet: needed only where the name does not say which set of the transaction is meant. */
  readonly setId?: number;
}

export function encodeLookup({ set, register, target, inverse, setId }: Lookup): readonly Uint8Array[] {
  const parts = [be32(NFTA_LOOKUP_SREG, register)];
  if (target !== undefined) parts.push(be32(NFTA_LOOKUP_DREG, target));
  parts.push(text(NFTA_LOOKUP_SET, set));
  if (setId !== undefined) parts.push(be32(NFTA_LOOKUP_SET_ID, setId));
  if (inverse) parts.push(be32(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV));
  return parts;
}

export function decodeLookup(attrs: readonly Attr[]): Lookup {
  const target = getBe32(attrs, NFTA_LOOKUP_DREG);
  const setId = getBe32(attrs, NFTA_LOOKUP_SET_ID);
  return {
    kind: "lookup",
    set: getText(attrs, NFTA_LOOKUP_SET) ?? "",
    register: getBe32(attrs, NFTA_LOOKUP_SREG) ?? 0,
    ...(target !== undefined && { target }),
    ...((getBe32(attrs, NFTA_LOOKUP_FLAGS) ?? 0) & NFT_LOOKUP_F_INV && { inverse: true }),
    ...(setId !== undefined && { setId }),
  };
}
