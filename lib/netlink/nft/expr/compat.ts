/**
 * match and target: what iptables-nft writes where nf_tables has no words of its own, with the bytes of an xtables
 * extension (linux/netfilter/nf_tables_compat.h).
 */
import { type Attr, findAttr, getBe32, getText } from "../../attr.ts";

/** NFTA_MATCH_* and NFTA_TARGET_* have the same numbers. */
const NFTA_COMPAT_NAME = 1;
const NFTA_COMPAT_REV = 2;
const NFTA_COMPAT_INFO = 3;

export interface Compat {
  /** Of the extension: "conntrack", "REJECT". */
  readonly name: string;
  readonly revision: number;
  /** struct of the extension, in the host's byte order. */
  readonly info: Uint8Array;
}

export function decodeCompat(attrs: readonly Attr[]): Compat {
  return {
    name: getText(attrs, NFTA_COMPAT_NAME) ?? "",
    revision: getBe32(attrs, NFTA_COMPAT_REV) ?? 0,
    info: findAttr(attrs, NFTA_COMPAT_INFO) ?? new Uint8Array(),
  };
}
