/** exthdr: bytes of an IPv6 extension header (nf_tables.h, enum nft_exthdr_attributes). */
import { type Attr, be32, getBe32, getU8, u8 } from "../../attr.ts";

const NFTA_EXTHDR_DREG = 1;
const NFTA_EXTHDR_TYPE = 2;
const NFTA_EXTHDR_OFFSET = 3;
const NFTA_EXTHDR_LEN = 4;
const NFTA_EXTHDR_FLAGS = 5;
const NFTA_EXTHDR_OP = 6;
const NFT_EXTHDR_OP_IPV6 = 0;

/** IANA number of the fragment header (RFC 8200 4.5). */
export const IPPROTO_FRAGMENT = 44;

export interface Exthdr {
  readonly kind: "exthdr";
  /** IANA number of the header. */
  readonly header: number;
  /** Bytes from the beginning of that header. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  readonly register: number;
}

export function encodeExthdr({ header, offset, length, register }: Exthdr): readonly Uint8Array[] {
  return [
    be32(NFTA_EXTHDR_DREG, register),
    u8(NFTA_EXTHDR_TYPE, header),
    be32(NFTA_EXTHDR_OFFSET, offset),
    be32(NFTA_EXTHDR_LEN, length),
    be32(NFTA_EXTHDR_OP, NFT_EXTHDR_OP_IPV6),
    be32(NFTA_EXTHDR_FLAGS, 0),
  ];
}

/** @throws {RangeError} for options of TCP, IPv4 and SCTP, which are not headers */
export function decodeExthdr(attrs: readonly Attr[]): Exthdr {
  const op = getBe32(attrs, NFTA_EXTHDR_OP) ?? 0;
  const register = getBe32(attrs, NFTA_EXTHDR_DREG);
  if (op !== NFT_EXTHDR_OP_IPV6 || register === undefined) throw new RangeError(`exthdr operation ${op}`);
  return {
    kind: "exthdr",
    header: getU8(attrs, NFTA_EXTHDR_TYPE) ?? 0,
    offset: getBe32(attrs, NFTA_EXTHDR_OFFSET) ?? 0,
    length: getBe32(attrs, NFTA_EXTHDR_LEN) ?? 0,
    register,
  };
}
