/** immediate: loads a value into a register, or a verdict, which ends the rule (enum nft_immediate_attributes). */
import { type Attr, be32, findAttr, getBe32 } from "../../attr.ts";
import { type Data, dataAttr, decodeData } from "../data.ts";

const NFTA_IMMEDIATE_DREG = 1;
const NFTA_IMMEDIATE_DATA = 2;

export interface Immediate {
  readonly kind: "immediate";
  /** NFT_REG_VERDICT for a verdict. */
  readonly register: number;
  readonly data: Data;
}

export function encodeImmediate({ register, data }: Immediate): readonly Uint8Array[] {
  return [be32(NFTA_IMMEDIATE_DREG, register), dataAttr(NFTA_IMMEDIATE_DATA, data)];
}

/** @throws {RangeError} when it holds neither value nor verdict */
export function decodeImmediate(attrs: readonly Attr[]): Immediate {
  return {
    kind: "immediate",
    register: getBe32(attrs, NFTA_IMMEDIATE_DREG) ?? 0,
    data: decodeData(findAttr(attrs, NFTA_IMMEDIATE_DATA) ?? new Uint8Array()),
  };
}
