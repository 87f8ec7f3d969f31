/** Expressions that are not looked into: what kind of deed each is, so that the rest of the rule can be judged. */
import type { ForeignVerdict } from "../../model/foreign.ts";
import { decodeAttrs, findAttr, getBe32, hasAttr } from "../../netlink/attr.ts";

export type OtherExpression =
  /** Writes a register, nobody knows what. */
  | { readonly kind: "loads"; readonly text: string }
  /** Ends the rule for some packets. */
  | { readonly kind: "tests"; readonly text: string }
  /** The packet goes on. */
  | { readonly kind: "does"; readonly text: string }
  | { readonly kind: "decides"; readonly text: string; readonly verdict: ForeignVerdict };

const TESTS = ["limit", "quota", "connlimit"];
const DOES: Readonly<Record<string, string>> = {
  dup: "dup",
  log: "log",
  redir: "redirect",
  nat: "nat",
};
const LOADS = ["hash", "numgen", "osf", "rt", "socket", "tunnel", "xfrm", "inner", "bitwise"];

/** Never throws. */
export function otherExpression(name: string, bytes: Uint8Array): OtherExpression {
  if (name === "reject") return { kind: "decides", text: "reject", verdict: { kind: "drop" } };
  if (Object.hasOwn(DOES, name)) return { kind: "does", text: DOES[name] ?? name };
  if (name === "last") return { kind: "does", text: "" };
  if (TESTS.includes(name)) return { kind: "tests", text: name === "limit" ? formatLimit(bytes) : name };
  if (LOADS.includes(name)) return { kind: "loads", text: name };
  const write = WRITES[name];
  if (write)
    return writes(bytes, write.from) ? { kind: "does", text: write.text } : { kind: "loads", text: name };
  if (name === "objref") return objectReference(bytes);
  if (name === "dynset") return { kind: "tests", text: "a set with limits" };
  return { kind: "decides", text: name, verdict: { kind: "unknown", text: name } };
}

/** Read or write, and with which attribute: NFTA_CT_SREG, NFTA_PAYLOAD_SREG, NFTA_EXTHDR_SREG. */
const WRITES: Readonly<Record<string, { readonly from: number; readonly text: string }>> = {
  ct: { from: 4, text: "ct set" },
  payload: { from: 5, text: "payload set" },
  exthdr: { from: 7, text: "tcp option set" },
};

function writes(bytes: Uint8Array, from: number): boolean {
  return tolerant(() => hasAttr(decodeAttrs(bytes), from), false);
}

const NFTA_LIMIT_RATE = 1;
const NFTA_LIMIT_UNIT = 2;
const NFTA_LIMIT_FLAGS = 5;
const UNITS: Readonly<Record<string, string>> = {
  1: "second",
  60: "minute",
  3600: "hour",
  86400: "day",
  604800: "week",
};

function formatLimit(bytes: Uint8Array): string {
  const number = (value: Uint8Array | undefined) =>
    value ? Number(`0x${Buffer.from(value).toString("hex")}`) : 0;
  return tolerant(() => {
    const attrs = decodeAttrs(bytes);
    const unit = UNITS[number(findAttr(attrs, NFTA_LIMIT_UNIT))] ?? "?";
    const over = (getBe32(attrs, NFTA_LIMIT_FLAGS) ?? 0) & 1 ? "over " : "";
    return `limit rate ${over}${number(findAttr(attrs, NFTA_LIMIT_RATE))}/${unit}`;
  }, "limit");
}

const NFTA_OBJREF_IMM_TYPE = 1;
const NFT_OBJECTS: Readonly<Record<number, string>> = {
  1: "counter",
  3: "ct helper",
  7: "ct timeout",
  8: "secmark",
};

/** A named counter or helper lets every packet pass; a named limit or quota does not. */
function objectReference(bytes: Uint8Array): OtherExpression {
  const type = tolerant(() => getBe32(decodeAttrs(bytes), NFTA_OBJREF_IMM_TYPE), undefined);
  const passing = type === undefined ? undefined : NFT_OBJECTS[type];
  return passing === undefined ? { kind: "tests", text: "a named object" } : { kind: "does", text: passing };
}

function tolerant<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return otherwise;
    throw error;
  }
}
