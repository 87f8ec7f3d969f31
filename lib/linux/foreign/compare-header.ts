/** Comparisons of bytes of a header, which may be several fields or a part of one. */
import { type CompareOp, maskedRange } from "./byte-range.ts";
import { compareField } from "./compare-field.ts";
import { anyOf } from "./field-conditions.ts";
import { fieldMatch, impliedBy } from "./field-match.ts";
import { type HeaderField, headerFields } from "./header.ts";
import { formatHeader, formatOther, hex } from "./hex.ts";
import { joinMatches, type Match, unknownMatch } from "./match.ts";
import type { HeaderBytes, Known, Value } from "./value.ts";

/** nft compares neighbouring fields by one load, and a prefix of whole bytes by a shorter one. */
export function compareHeader(
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
    const implies = source.base === "network" ? (["family"] as const) : [];
    return unknownMatch(formatOther(formatHeader(value), value, op, bytes), implies);
  }
  const matches = parts.map((part) => compareMasked(part, op === "neq", known));
  return joinMatches(matches);
}

/** The one field of a header that the value is, whole. */
export function wholeField(value: Value, known: Known): HeaderField | undefined {
  if (value.source.kind !== "header") return undefined;
  const { offset } = value.source;
  const [field, ...more] = headerFields(value.source, value.length, known);
  const whole = field?.offset === offset && field.length === value.length && more.length === 0;
  return whole ? field : undefined;
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
    if (!opens) return unknownMatch(words, impliedBy(name, text));
    const syn = `${text} syn / ${mask[0] === TCP_SYN_ACK ? "syn,ack" : "fin,syn,rst,ack"}`;
    return {
      text: negated ? words : syn,
      alternatives: anyOf([{ kind: "opens" }], negated),
      implies: impliedBy(name, text),
    };
  }
  const range = maskedRange(value, mask);
  if (range === undefined) {
    const words = `${text} & ${hex(mask)} ${negated ? "!=" : "=="} ${hex(value)}`;
    return unknownMatch(words, impliedBy(name, text));
  }
  return fieldMatch(name, text, [range], negated, known);
}
