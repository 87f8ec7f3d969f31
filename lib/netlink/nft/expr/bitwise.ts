/** bitwise: target = (source & mask) ^ xor (nf_tables.h, enum nft_bitwise_attributes). */
import { type Attr, be32, findAttr, getBe32 } from "../../attr.ts";
import { dataAttr, decodeValue } from "../data.ts";

const NFTA_BITWISE_SREG = 1;
const NFTA_BITWISE_DREG = 2;
const NFTA_BITWISE_LEN = 3;
const NFTA_BITWISE_MASK = 4;
const NFTA_BITWISE_XOR = 5;

export interface Bitwise {
  readonly kind: "bitwise";
  readonly source: number;
  readonly target: number;
  readonly mask: Uint8Array;
  /** As long as the mask. */
  readonly xor: Uint8Array;
}

export function encodeBitwise({ source, target, mask, xor }: Bitwise): readonly Uint8Array[] {
  return [
    be32(NFTA_BITWISE_SREG, source),
    be32(NFTA_BITWISE_DREG, target),
    be32(NFTA_BITWISE_LEN, mask.length),
    dataAttr(NFTA_BITWISE_MASK, mask),
    dataAttr(NFTA_BITWISE_XOR, xor),
  ];
}

/** @throws {RangeError} for the shift operations, which have no mask */
export function decodeBitwise(attrs: readonly Attr[]): Bitwise {
  return {
    kind: "bitwise",
    source: getBe32(attrs, NFTA_BITWISE_SREG) ?? 0,
    target: getBe32(attrs, NFTA_BITWISE_DREG) ?? 0,
    mask: decodeValue(findAttr(attrs, NFTA_BITWISE_MASK)),
    xor: decodeValue(findAttr(attrs, NFTA_BITWISE_XOR)),
  };
}
