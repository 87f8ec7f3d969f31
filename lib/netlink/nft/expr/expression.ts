/** Expressions: the instructions a rule is made of, one file for each kind (nf_tables.h, enum nft_expr_attributes). */
import { type Attr, bytes, decodeAttrs, findAttr, getText, nested, text } from "../../attr.ts";
import { type Bitwise, decodeBitwise, encodeBitwise } from "./bitwise.ts";
import { type Cmp, decodeCmp, encodeCmp } from "./cmp.ts";
import { type Counter, decodeCounter, encodeCounter } from "./counter.ts";
import { type Ct, decodeCt, encodeCt } from "./ct.ts";
import { type Dynset, decodeDynset, encodeDynset } from "./dynset.ts";
import { decodeExthdr, type Exthdr, encodeExthdr } from "./exthdr.ts";
import { decodeFib, encodeFib, type Fib } from "./fib.ts";
import { decodeImmediate, encodeImmediate, type Immediate } from "./immediate.ts";
import { decodeLookup, encodeLookup, type Lookup } from "./lookup.ts";
import { decodeMasq, encodeMasq, type Masq } from "./masq.ts";
import { decodeMeta, encodeMeta, type Meta } from "./meta.ts";
import { decodeNat, encodeNat, type Nat } from "./nat.ts";
import { decodeNotrack, type Notrack } from "./notrack.ts";
import { decodePayload, encodePayload, type Payload } from "./payload.ts";

const NFTA_LIST_ELEM = 1;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;

/** The kind is the kernel's name of the expression. */
export type KnownExpression =
  | Bitwise
  | Cmp
  | Counter
  | Ct
  | Dynset
  | Exthdr
  | Fib
  | Immediate
  | Lookup
  | Masq
  | Meta
  | Nat
  | Notrack
  | Payload;

/** One that is not in this folder, as the kernel sent it. */
export interface UnknownExpression {
  readonly kind: "unknown";
  readonly name: string;
  readonly bytes: Uint8Array;
}

export type Expression = KnownExpression | UnknownExpression;

/** One entry of NFTA_RULE_EXPRESSIONS. */
export function encodeExpression(expression: Expression): Uint8Array {
  return expressionAttr(NFTA_LIST_ELEM, expression);
}

/** @param type of the attribute that holds the expression: an entry of a list, or what a set does for each element */
export function expressionAttr(type: number, expression: Expression): Uint8Array {
  if (expression.kind === "unknown") {
    return nested(type, [text(NFTA_EXPR_NAME, expression.name), bytes(NFTA_EXPR_DATA, expression.bytes)]);
  }
  const name = text(NFTA_EXPR_NAME, expression.kind);
  const body = encodeBody(expression);
  return nested(type, body === undefined ? [name] : [name, nested(NFTA_EXPR_DATA, body)]);
}

/** The counter in the content of such an attribute, of a set or an element. @returns undefined when it is none */
export function decodeCounterOf(from: Uint8Array | undefined): Counter | undefined {
  if (from === undefined) return undefined;
  const parts = decodeAttrs(from);
  if (getText(parts, NFTA_EXPR_NAME) !== "counter") return undefined;
  return decodeCounter(decodeAttrs(findAttr(parts, NFTA_EXPR_DATA) ?? new Uint8Array()));
}

/** @param attrs inside NFTA_RULE_EXPRESSIONS. What this folder does not know, or not in that form, is kept as bytes */
export function decodeExpressions(attrs: readonly Attr[]): readonly Expression[] {
  return attrs.map((entry) => {
    const parts = decodeAttrs(entry.bytes);
    return decodeExpression(
      getText(parts, NFTA_EXPR_NAME) ?? "",
      findAttr(parts, NFTA_EXPR_DATA) ?? new Uint8Array(),
    );
  });
}

function decodeExpression(name: string, data: Uint8Array): Expression {
  const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name as KnownExpression["kind"]] : undefined;
  try {
    if (decode) return decode(decodeAttrs(data));
  } catch (error) {
    // A newer kernel may use an operator or key that is not in our tables; somebody else's rule must not stop us.
    if (!(error instanceof RangeError)) throw error;
  }
  return { kind: "unknown", name, bytes: data };
}

const DECODERS: { [Kind in KnownExpression["kind"]]: (attrs: readonly Attr[]) => KnownExpression } = {
  bitwise: decodeBitwise,
  cmp: decodeCmp,
  counter: decodeCounter,
  ct: decodeCt,
  dynset: decodeDynset,
  exthdr: decodeExthdr,
  fib: decodeFib,
  immediate: decodeImmediate,
  lookup: decodeLookup,
  masq: decodeMasq,
  meta: decodeMeta,
  nat: decodeNat,
  notrack: decodeNotrack,
  payload: decodePayload,
};

/** @returns undefined for an expression that has no data at all, not even an empty list */
function encodeBody(expression: KnownExpression): readonly Uint8Array[] | undefined {
  switch (expression.kind) {
    case "bitwise":
      return encodeBitwise(expression);
    case "cmp":
      return encodeCmp(expression);
    case "counter":
      return encodeCounter(expression);
    case "ct":
      return encodeCt(expression);
    case "dynset":
      return encodeDynset(expression);
    case "exthdr":
      return encodeExthdr(expression);
    case "fib":
      return encodeFib(expression);
    case "immediate":
      return encodeImmediate(expression);
    case "lookup":
      return encodeLookup(expression);
    case "masq":
      return encodeMasq(expression);
    case "meta":
      return encodeMeta(expression);
    case "nat":
      return encodeNat(expression);
    case "notrack":
      return undefined;
    case "payload":
      return encodePayload(expression);
  }
}
