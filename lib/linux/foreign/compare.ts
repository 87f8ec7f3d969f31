/** Comparisons of a register with values. */
import type { CompareOp } from "./byte-range.ts";
import { compareBits, compareField, prefixRange } from "./compare-field.ts";
import { compareHeader, wholeField } from "./compare-header.ts";
import { fieldMatch } from "./field-match.ts";
import { formatHeader, formatOther, hex } from "./hex.ts";
import { type Match, unknownMatch } from "./match.ts";
import type { ByteRange, Known, Value } from "./value.ts";

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
