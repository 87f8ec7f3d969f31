/** cmp: goes on with the rule when a register compares so with a value (nf_tables.h, enum nft_cmp_attributes). */
import { type Attr, be32, findAttr, getBe32 } from "../../attr.ts";
import { dataAttr, decodeValue } from "../data.ts";

const NFTA_CMP_SREG = 1;
const NFTA_CMP_OP = 2;
const NFTA_CMP_DATA = 3;

/** enum nft_cmp_ops, in their order. */
const NFT_CMP = ["eq", "neq", "lt", "lte", "gt", "gte"] as const;

export interface Cmp {
  readonly kind: "cmp";
  readonly op: (typeof NFT_CMP)[number];
  readonly register: number;
  readonly value: Uint8Array;
}

export function encodeCmp({ op, register, value }: Cmp): readonly Uint8Array[] {
  return [
    be32(NFTA_CMP_SREG, register),
    be32(NFTA_CMP_OP, NFT_CMP.indexOf(op)),
    dataAttr(NFTA_CMP_DATA, value),
  ];
}

/** @throws {RangeError} for an operator that is not in the list above */
export function decodeCmp(attrs: readonly Attr[]): Cmp {
  const number = getBe32(attrs, NFTA_CMP_OP) ?? 0;
  const op = NFT_CMP[number];
  if (op === undefined) throw new RangeError(`cmp operator ${number}`);
  return {
    kind: "cmp",
    op,
    register: getBe32(attrs, NFTA_CMP_SREG) ?? 0,
    value: decodeValue(findAttr(attrs, NFTA_CMP_DATA)),
  };
}
