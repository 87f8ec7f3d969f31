/** fib: what the routing tables say of an address of the packet (nf_tables.h, enum nft_fib_attributes). */
import { type Attr, be32, getBe32 } from "../../attr.ts";

const NFTA_FIB_DREG = 1;
const NFTA_FIB_RESULT = 2;
const NFTA_FIB_FLAGS = 3;

/** enum nft_fib_result. */
const NFT_FIB_RESULT = { oif: 1, oifname: 2, type: 3 } as const;
/** enum nft_fib_flags: which address is looked up, and whether the mark and interfaces count. */
export const NFTA_FIB_F_SADDR = 0x1;
export const NFTA_FIB_F_DADDR = 0x2;
export const NFTA_FIB_F_MARK = 0x4;
export const NFTA_FIB_F_IIF = 0x8;
export const NFTA_FIB_F_OIF = 0x10;
/** Loads 1 where there is a route, and 0 where there is none. */
export const NFTA_FIB_F_PRESENT = 0x20;
/** Value that `type` loads for an address of the host, in host order (linux/rtnetlink.h). */
export const RTN_LOCAL = 2;

export interface Fib {
  readonly kind: "fib";
  readonly result: keyof typeof NFT_FIB_RESULT;
  /** NFTA_FIB_F_*. */
  readonly flags: number;
  readonly register: number;
}

export function encodeFib({ result, flags, register }: Fib): readonly Uint8Array[] {
  return [
    be32(NFTA_FIB_FLAGS, flags),
    be32(NFTA_FIB_RESULT, NFT_FIB_RESULT[result]),
    be32(NFTA_FIB_DREG, register),
  ];
}

/** @throws {RangeError} for a result that is not in the table above */
export function decodeFib(attrs: readonly Attr[]): Fib {
  return {
    kind: "fib",
    result: resultName(getBe32(attrs, NFTA_FIB_RESULT)),
    flags: getBe32(attrs, NFTA_FIB_FLAGS) ?? 0,
    register: getBe32(attrs, NFTA_FIB_DREG) ?? 0,
  };
}

function resultName(number: number | undefined): Fib["result"] {
  for (const [name, value] of Object.entries(NFT_FIB_RESULT)) {
    if (value === number) return name as Fib["result"];
  }
  throw new RangeError(`fib result ${number}`);
}
