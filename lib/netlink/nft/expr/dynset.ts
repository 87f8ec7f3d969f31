/** dynset: adds the key in registers to a set, or renews its time (nf_tables.h, enum nft_dynset_attributes). */
import { type Attr, be32, be64, getBe32, getBe64, getText, text } from "../../attr.ts";

const NFTA_DYNSET_SET_NAME = 1;
const NFTA_DYNSET_SET_ID = 2;
const NFTA_DYNSET_OP = 3;
const NFTA_DYNSET_SREG_KEY = 4;
const NFTA_DYNSET_TIMEOUT = 6;

/** enum nft_dynset_ops, in their order. */
const NFT_DYNSET_OPS = ["add", "update", "delete"] as const;

export interface Dynset {
  readonly kind: "dynset";
  readonly op: (typeof NFT_DYNSET_OPS)[number];
  readonly set: string;
  /** Where the key begins. */
  readonly register: number;
  /** How long the element stays; absent: as the set says. Milliseconds. */
  readonly timeoutMs?: number;
  /** Of addSet: needed only where the name does not say which set of the transaction is meant. */
  readonly setId?: number;
}

export function encodeDynset({ op, set, register, timeoutMs, setId }: Dynset): readonly Uint8Array[] {
  const parts = [be32(NFTA_DYNSET_SREG_KEY, register), be32(NFTA_DYNSET_OP, NFT_DYNSET_OPS.indexOf(op))];
  if (timeoutMs !== undefined) parts.push(be64(NFTA_DYNSET_TIMEOUT, BigInt(timeoutMs)));
  parts.push(text(NFTA_DYNSET_SET_NAME, set));
  if (setId !== undefined) parts.push(be32(NFTA_DYNSET_SET_ID, setId));
  return parts;
}

/** @throws {RangeError} for an operation that is not in the list above */
export function decodeDynset(attrs: readonly Attr[]): Dynset {
  const number = getBe32(attrs, NFTA_DYNSET_OP) ?? 0;
  const op = NFT_DYNSET_OPS[number];
  if (op === undefined) throw new RangeError(`dynset operation ${number}`);
  const timeout = getBe64(attrs, NFTA_DYNSET_TIMEOUT) ?? 0n;
  const setId = getBe32(attrs, NFTA_DYNSET_SET_ID);
  return {
    kind: "dynset",
    op,
    set: getText(attrs, NFTA_DYNSET_SET_NAME) ?? "",
    register: getBe32(attrs, NFTA_DYNSET_SREG_KEY) ?? 0,
    ...(timeout > 0n && { timeoutMs: Number(timeout) }),
    ...(setId !== undefined && { setId }),
  };
}
