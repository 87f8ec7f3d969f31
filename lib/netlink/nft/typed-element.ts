/** Elements as people write them, for any set whose type is known: fields to register bytes and back. */
import { align4, concat } from "../bytes.ts";
import type { Data } from "./data.ts";
import { DATATYPES, type DatatypeName, type FieldValue } from "./datatype.ts";
import type { Element } from "./element.ts";
import { decodeRange, encodeRange, formatField } from "./field-range.ts";
import { joinIntervals, splitInterval } from "./interval.ts";
import type { SetType } from "./set.ts";
import { formatVerdict, parseVerdict } from "./verdict.ts";

export interface TypedElement {
  /** One value per field of the set's key. In interval sets addresses are prefixes. */
  readonly key: readonly FieldValue[];
  /** Of maps: one value per field; of verdict maps: one text like "drop" or "jump acl_1". Not needed to delete or get. */
  readonly data?: readonly FieldValue[];
  readonly comment?: string;
}

/** The one or two elements of the kernel that stand for this one. @throws {RangeError} when it does not fit the set */
export function encodeTypedElement(type: SetType, element: TypedElement): readonly Element[] {
  const { comment } = element;
  const rest = {
    ...(type.data && element.data && { data: encodeDatum(type.data, element.data) }),
    ...(comment !== undefined && { comment }),
  };
  if (!type.interval) return [{ key: encodeFields(type.key, element.key), ...rest }];
  const ranges = type.key.map((field, i) => encodeRange(field, present(element.key[i])));
  const [single, ...others] = ranges;
  if (single && others.length === 0) return splitInterval(single, rest);
  return [
    { key: join(ranges.map(({ first }) => first)), keyEnd: join(ranges.map(({ last }) => last)), ...rest },
  ];
}

/** @param elements in any order. @throws {RangeError} when they do not fit the set */
export function decodeTypedElements(type: SetType, elements: readonly Element[]): readonly TypedElement[] {
  const [field, ...others] = type.key;
  if (type.interval && field && others.length === 0) {
    return joinIntervals(elements).map(({ range, start }) => typed(type, [decodeRange(field, range)], start));
  }
  return elements.map((element) => typed(type, decodeKey(type, element), element));
}

/** In nft's words: `tcp . 8080 comment "web" : 172.30.0.2 . 80`. */
export function formatTypedElement(type: SetType, { key, data, comment }: TypedElement): string {
  const note = comment === undefined ? "" : ` comment "${comment}"`;
  const target = type.data && data ? ` : ${formatDatum(type.data, data)}` : "";
  return `${formatFields(type.key, key)}${note}${target}`;
}

function typed(type: SetType, key: readonly FieldValue[], { data, comment }: Element): TypedElement {
  return {
    key,
    ...(type.data && data && { data: decodeDatum(type.data, data) }),
    ...(comment !== undefined && { comment }),
  };
}

function decodeKey(type: SetType, { key, keyEnd }: Element): readonly FieldValue[] {
  if (!type.interval) return decodeFields(type.key, key);
  const firsts = cut(type.key, key);
  const lasts = keyEnd ? cut(type.key, keyEnd) : firsts;
  return type.key.map((field, i) =>
    decodeRange(field, { first: present(firsts[i]), last: present(lasts[i]) }),
  );
}

function encodeDatum(fields: readonly DatatypeName[] | "verdict", values: readonly FieldValue[]): Data {
  return fields === "verdict" ? parseVerdict(String(present(values[0]))) : encodeFields(fields, values);
}

function decodeDatum(fields: readonly DatatypeName[] | "verdict", data: Data): readonly FieldValue[] {
  if (data instanceof Uint8Array !== (fields !== "verdict")) throw new RangeError("data of another kind");
  return data instanceof Uint8Array
    ? decodeFields(fields === "verdict" ? [] : fields, data)
    : [formatVerdict(data)];
}

function formatDatum(fields: readonly DatatypeName[] | "verdict", values: readonly FieldValue[]): string {
  return fields === "verdict" ? String(values[0]) : formatFields(fields, values);
}

function encodeFields(fields: readonly DatatypeName[], values: readonly FieldValue[]): Uint8Array {
  return join(fields.map((field, i) => DATATYPES[field].encode(present(values[i]))));
}

function decodeFields(fields: readonly DatatypeName[], from: Uint8Array): readonly FieldValue[] {
  return cut(fields, from).map((bytes, i) => DATATYPES[present(fields[i])].decode(bytes));
}

function formatFields(fields: readonly DatatypeName[], values: readonly FieldValue[]): string {
  return fields.map((field, i) => formatField(field, present(values[i]))).join(" . ");
}

/** A field alone keeps its size; in a concatenation each fills whole 32 bit registers. */
function join(fields: readonly Uint8Array[]): Uint8Array {
  const [single] = fields;
  return fields.length === 1 && single ? single : concat(fields.map(padded));
}

function padded(field: Uint8Array): Uint8Array {
  if (field.length % 4 === 0) return field;
  const whole = new Uint8Array(align4(field.length));
  whole.set(field);
  return whole;
}

function cut(fields: readonly DatatypeName[], from: Uint8Array): readonly Uint8Array[] {
  let at = 0;
  return fields.map((field) => {
    const { size } = DATATYPES[field];
    if (at + size > from.length)
      throw new RangeError(`key of ${from.length} bytes for ${fields.join(" . ")}`);
    const bytes = from.subarray(at, at + size);
    at += align4(size);
    return bytes;
  });
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError("an element with too few fields");
  return value;
}
