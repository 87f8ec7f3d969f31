/** Comparisons of one whole field: "tcp dport != 80", "iifname eth*", "ct state established,related". */
import { readU32 } from "../../netlink/bytes.ts";
import { IPS_DST_NAT } from "../../netlink/nft/expr/ct.ts";
import { bytesNumber, type CompareOp, comparedRange, exactly } from "./byte-range.ts";
import { anyOf } from "./field-conditions.ts";
import { fieldMatch } from "./field-match.ts";
import { hostHex, SIGNS } from "./hex.ts";
import { type Match, unknownMatch } from "./match.ts";
import type { ByteRange, Known, KnownField } from "./value.ts";
import { stateNames } from "./words.ts";

/** @param given the values, where they are not told by the comparison alone */
export function compareField(
  field: KnownField,
  name: string,
  op: CompareOp,
  bytes: Uint8Array,
  known: Known,
  given?: ByteRange,
): Match {
  const negated = op === "neq";
  const range = given ?? comparedRange(negated ? "eq" : op, bytes);
  if (field === "state" || field === "status") {
    if (op !== "eq" && op !== "neq") return unknownMatch(`${name} ${SIGNS[op]}${hostHex(bytes)}`);
  }
  return fieldMatch(field, name, range === undefined ? [] : [range], negated, known);
}

/** All values that begin so; with a NUL at its end it is a name, whole. */
export function prefixRange(bytes: Uint8Array, length: number): ByteRange {
  const first = new Uint8Array(length);
  const last = new Uint8Array(length).fill(0xff);
  first.set(bytes);
  last.set(bytes);
  return bytes.at(-1) === 0 ? exactly(first) : { first, last };
}

/** "ct state established,related": some of these bits, or none of them. */
export function compareBits(
  field: KnownField,
  name: string,
  mask: Uint8Array,
  op: CompareOp,
  bytes: Uint8Array,
): Match {
  const bits = mask.length === 4 ? readU32(mask, 0) : 0;
  const some = op === "neq" && bytesNumber(bytes) === 0n;
  const none = op === "eq" && bytesNumber(bytes) === 0n;
  const all = (op === "eq" || op === "neq") && bytesNumber(bytes) === bytesNumber(mask) && isOneBit(bits);
  const words = `${name} & ${hostHex(mask)} ${SIGNS[op] || "== "}${hostHex(bytes)}`;
  if (!some && !none && !all) return unknownMatch(words);
  const negated = none || (all && op === "neq");
  const sign = negated ? "!= " : "";
  if (field === "state") {
    const states = stateNames(bits);
    return {
      text: `${name} ${sign}${states.join(",")}`,
      alternatives: anyOf([{ kind: "state", states }], negated),
    };
  }
  if (field === "status" && bits === IPS_DST_NAT) {
    return { text: `${name} ${sign}dnat`, alternatives: anyOf([{ kind: "dnat" }], negated) };
  }
  return unknownMatch(words);
}

const isOneBit = (bits: number): boolean => bits !== 0 && (bits & (bits - 1)) === 0;
