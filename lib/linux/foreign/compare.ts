/** Comparisons of a register with values: "ip saddr 10.0.0.0/8", "ct state established,related", "tcp dport != 80". */
import { readU32 } from "../../netlink/bytes.ts";
import { IPS_DST_NAT } from "../../netlink/nft/expr/ct.ts";
import { bytesNumber, type CompareOp, comparedRange, exactly, maskedRange } from "./byte-range.ts";
import { type Alternatives, anyOf, fieldConditions } from "./field-conditions.ts";
import { type HeaderField, headerFields } from "./header.ts";
import { type Match, unknownMatch } from "./match.ts";
import type { ByteRange, HeaderBytes, Known, KnownField, Source, Value } from "./value.ts";
import { formatRange, stateNames } from "./words.ts";

export function compare(value: Value, op: CompareOp, bytes: Uint8Array, known: Known): Match {
  const { source } = value;
  if (source.kind === "header") return compareHeader(value, source, op, bytes, known);
  if (source.kind === "other") return unknownMatch(formatOther(source.text, value, op, bytes));
  if (value.mask) return compareBits(source.field, source.text, value.mask, op, bytes);
  // A shorter value is the beginning of a name: "eth*".
  const range =
    bytes.length < value.length && op !== "lt" && op !== "gt" ? prefixRange(bytes, value.length) : undefined;
  return compareField(source.field, source.text, op, bytes, known, range);
}

/** Within a range, or with `negated` outside it. */
export function within(value: Value, range: ByteRange, negated: boolean, known: Known): Match {
  const { source, length } = value;
  const sign = negated ? "!= " : "";
  const field = source.kind === "field" ? source : wholeField(value, known);
  const text = source.kind === "other" ? source.text : field?.text;
  if (field === undefined || value.mask || range.first.length !== length) {
    const [first, last] = [hex(range.first, source), hex(range.last, source)];
    return unknownMatch(`${text ?? formatHeader(value)} ${sign}${first}-${last}`);
  }
  return fieldMatch(field.field, field.text, [range], negated, known);
}

/** The one field of a header that the value is, whole. */
export function wholeField(value: Value, known: Known): HeaderField | undefined {
  if (value.source.kind !== "header") return undefined;
  const { offset } = value.source;
  const [field, ...more] = headerFields(value.source, value.length, known);
  const whole = field?.offset === offset && field.length === value.length && more.length === 0;
  return whole ? field : undefined;
}

export function fieldMatch(
  field: KnownField,
  name: string,
  ranges: readonly ByteRange[],
  negated: boolean,
  known: Known,
  words = ranges.map((range) => formatRange(field, range)).join(", "),
): Match {
  const text = `${name} ${negated ? "!= " : ""}${words}`;
  const alternatives = fieldConditions(field, ranges, negated, known);
  if (alternatives === undefined) return unknownMatch(text);
  return { text, alternatives, ...learned(alternatives), implies: impliedBy(field, name) };
}

function compareField(
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

/** What the condition says for sure, for the tests behind it. */
function learned(alternatives: Alternatives): Pick<Match, "learned"> {
  const [only, ...more] = alternatives;
  const [condition, ...others] = only ?? [];
  if (condition === undefined || condition.negated || more.length > 0 || others.length > 0) return {};
  if (condition.kind === "family") return { learned: { family: condition.family } };
  const [protocol, ...further] = condition.kind === "protocol" ? condition.protocols : [];
  return protocol === undefined || further.length > 0 ? {} : { learned: { protocol } };
}

function impliedBy(field: KnownField, name: string): NonNullable<Match["implies"]> {
  if (field === "saddr" || field === "daddr") return ["family"];
  if (field === "icmpType") return ["family", "protocol"];
  return (field === "sport" || field === "dport" || field === "tcpFlags") && !name.startsWith("th ")
    ? ["protocol"]
    : [];
}

/** "ct state established,related": some of these bits, or none of them. */
function compareBits(
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

/** nft compares neighbouring fields by one load, and a prefix of whole bytes by a shorter one. */
function compareHeader(
  value: Value,
  source: HeaderBytes,
  op: CompareOp,
  bytes: Uint8Array,
  known: Known,
): Match {
  const whole = value.mask === undefined ? wholeField(value, known) : undefined;
  if (whole !== undefined) return compareField(whole.field, whole.text, op, bytes, known);
  const parts = op === "eq" || op === "neq" ? splitFields(source, bytes, value.mask, known) : undefined;
  const [only, ...more] = parts ?? [];
  // "Not both" of several fields is no list of conditions.
  if (parts === undefined || only === undefined || (op === "neq" && more.length > 0)) {
    return unknownMatch(formatOther(formatHeader(value), value, op, bytes));
  }
  const matches = parts.map((part) => compareMasked(part, op === "neq", known));
  return joinMatches(matches);
}

/** All of them must hold. */
export function joinMatches(matches: readonly Match[]): Match {
  const facts = Object.assign({}, ...matches.map(({ learned }) => learned));
  return {
    text: matches.map(({ text }) => text).join(" "),
    alternatives: combine(matches.map(({ alternatives }) => alternatives)),
    ...(Object.keys(facts).length > 0 && { learned: facts }),
    implies: matches.flatMap(({ implies }) => implies ?? []),
  };
}

/** Every way to choose one alternative of each. */
export function combine(all: readonly Alternatives[]): Alternatives {
  return all.reduce<Alternatives>(
    (before, next) => before.flatMap((list) => next.map((more) => [...list, ...more])),
    [[]],
  );
}

interface MaskedField {
  readonly field: HeaderField;
  readonly mask: Uint8Array;
  readonly value: Uint8Array;
}

/** @returns undefined when a bit is compared that belongs to no field we know */
function splitFields(
  source: HeaderBytes,
  bytes: Uint8Array,
  mask: Uint8Array | undefined,
  known: Known,
): readonly MaskedField[] | undefined {
  const rest = mask ? Uint8Array.from(mask) : new Uint8Array(bytes.length).fill(0xff);
  const parts = headerFields(source, bytes.length, known).map((field) => {
    const part = { field, mask: new Uint8Array(field.length), value: new Uint8Array(field.length) };
    for (let i = 0; i < field.length; i++) {
      const at = field.offset + i - source.offset;
      part.mask[i] = rest[at] ?? 0;
      part.value[i] = bytes[at] ?? 0;
      if (at >= 0 && at < rest.length) rest[at] = 0;
    }
    return part;
  });
  if (rest.some((byte) => byte !== 0)) return undefined;
  return parts.filter((part) => part.mask.some((byte) => byte !== 0));
}

const TCP_FIN_SYN_RST_ACK = 0x17;
const TCP_SYN_ACK = 0x12;
const TCP_SYN = 0x02;

function compareMasked({ field, mask, value }: MaskedField, negated: boolean, known: Known): Match {
  const { field: name, text } = field;
  if (name === "tcpFlags") {
    const words = `${text} & ${hex(mask)} ${negated ? "!=" : "=="} ${hex(value)}`;
    const opens = value[0] === TCP_SYN && (mask[0] === TCP_FIN_SYN_RST_ACK || mask[0] === TCP_SYN_ACK);
    if (!opens) return { ...unknownMatch(words), implies: impliedBy(name, text) };
    const syn = `${text} syn / ${mask[0] === TCP_SYN_ACK ? "syn,ack" : "fin,syn,rst,ack"}`;
    return {
      text: negated ? words : syn,
      alternatives: anyOf([{ kind: "opens" }], negated),
      implies: impliedBy(name, text),
    };
  }
  const range = maskedRange(value, mask);
  if (range === undefined)
    return unknownMatch(`${text} & ${hex(mask)} ${negated ? "!=" : "=="} ${hex(value)}`);
  return fieldMatch(name, text, [range], negated, known);
}

function prefixRange(bytes: Uint8Array, length: number): ByteRange {
  const first = new Uint8Array(length);
  const last = new Uint8Array(length).fill(0xff);
  first.set(bytes);
  last.set(bytes);
  return bytes.at(-1) === 0 ? exactly(first) : { first, last };
}

const SIGNS = { eq: "", neq: "!= ", lt: "< ", lte: "<= ", gt: "> ", gte: ">= " } as const;

function formatOther(name: string, { source, mask }: Value, op: CompareOp, bytes: Uint8Array): string {
  const words = hex(bytes, source);
  return mask
    ? `${name} & ${hex(mask, source)} ${SIGNS[op] || "== "}${words}`
    : `${name} ${SIGNS[op]}${words}`;
}

/** As nft writes what it has no name for: "@nh,48,16". */
export function formatHeader({ source, length }: Value): string {
  if (source.kind !== "header") return source.text;
  const base = { ll: "ll", network: "nh", transport: "th" }[source.base];
  return `@${base},${source.offset * 8},${length * 8}`;
}

/** Bytes as one number; what is no part of a header has the host's order. */
function hex(bytes: Uint8Array, source?: Source): string {
  return source?.kind === "other" ? hostHex(bytes) : `0x${bytesNumber(bytes).toString(16)}`;
}

const hostHex = (bytes: Uint8Array): string => `0x${bytesNumber(bytes.toReversed()).toString(16)}`;
