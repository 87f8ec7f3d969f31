/** range: goes on when a register is within two values, or outside them (nf_tables.h, enum nft_range_attributes). */
import { type Attr, findAttr, getBe32 } from "../../attr.ts";
import { decodeValue } from "../data.ts";

const NFTA_RANGE_SREG = 1;
const NFTA_RANGE_OP = 2;
const NFTA_RANGE_FROM_DATA = 3;
const NFTA_RANGE_TO_DATA = 4;
const NFT_RANGE_NEQ = 1;

export interface Range {
  readonly register: number;
  readonly first: Uint8Array;
  /** Included. */
  readonly last: Uint8Array;
  readonly negated: boolean;
}

/** Only read: our own rules have none. @throws {RangeError} when an end is missing */
export function decodeRangeExpression(attrs: readonly Attr[]): Range {
  return {
    register: getBe32(attrs, NFTA_RANGE_SREG) ?? 0,
    first: decodeValue(findAttr(attrs, NFTA_RANGE_FROM_DATA)),
    last: decodeValue(findAttr(attrs, NFTA_RANGE_TO_DATA)),
    negated: getBe32(attrs, NFTA_RANGE_OP) === NFT_RANGE_NEQ,
  };
}
