/** dynset: adds the key in registers to a set, or renews its time (nf_tables.h, enum nft_dynset_attributes). */
import {
  type Attr,
  be32,
  be64,
  decodeAttrs,
  findAttr,
  getBe32,
  getBe64,
  getNested,
  getText,
  text,
} from "../../attr.ts";

const NFTA_DYNSET_SET_NAME = 1;
const NFTA_DYNSET_SET_ID = 2;
const NFTA_DYNSET_OP = 3;
const NFTA_DYNSET_SREG_KEY = 4;
const NFTA_DYNSET_TIMEOUT = 6;
const NFTA_DYNSET_EXPR = 7;
const NFTA_DYNSET_FLAGS = 9;
const NFTA_DYNSET_EXPRESSIONS = 10;
const NFT_DYNSET_F_INV = 0x1;
const NFTA_EXPR_NAME = 1;

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

/** @throws {RangeError} for an operation that is not in the list above, and where only some packets go on */
export function decodeDynset(attrs: readonly Attr[]): Dynset {
  const number = getBe32(attrs, NFTA_DYNSET_OP) ?? 0;
  const op = NFT_DYNSET_OPS[number];
  if (op === undefined) throw new RangeError(`dynset operation ${number}`);
  if (isTest(attrs)) throw new RangeError("dynset that tests");
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

/** "add @set { ip saddr limit rate over 10/minute }": the rule goes on for some packets. A counter stops none. */
function isTest(attrs: readonly Attr[]): boolean {
  const inverted = ((getBe32(attrs, NFTA_DYNSET_FLAGS) ?? 0) & NFT_DYNSET_F_INV) !== 0;
  const single = findAttr(attrs, NFTA_DYNSET_EXPR);
  const listed = (getNested(attrs, NFTA_DYNSET_EXPRESSIONS) ?? []).map(({ bytes }) => bytes);
  const names = [...(single ? [single] : []), ...listed].map((one) =>
    getText(decodeAttrs(one), NFTA_EXPR_NAME),
  );
  return inverted || names.some((name) => name !== "counter");
}
