/** byteorder: turns numbers between the order of the host and that of networks (enum nft_byteorder_attributes). */
import { type Attr, getBe32 } from "../../attr.ts";

const NFTA_BYTEORDER_SREG = 1;
const NFTA_BYTEORDER_DREG = 2;
const NFTA_BYTEORDER_LEN = 4;

export interface Byteorder {
  readonly source: number;
  readonly target: number;
  /** Bytes. */
  readonly length: number;
}

/** Only read: our own rules have none. */
export function decodeByteorder(attrs: readonly Attr[]): Byteorder {
  return {
    source: getBe32(attrs, NFTA_BYTEORDER_SREG) ?? 0,
    target: getBe32(attrs, NFTA_BYTEORDER_DREG) ?? 0,
    length: getBe32(attrs, NFTA_BYTEORDER_LEN) ?? 0,
  };
}
