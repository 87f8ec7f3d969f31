/** struct nft_data on the wire: a register's value or a verdict (nf_tables.h, enum nft_data_attributes). */
import { bytes, decodeAttrs, findAttr, nested } from "../attr.ts";
import { decodeVerdict, encodeVerdict, type Verdict } from "./verdict.ts";

const NFTA_DATA_VALUE = 1;
const NFTA_DATA_VERDICT = 2;

export type Data = Uint8Array | Verdict;

/** @param type of the attribute that holds the data */
export function dataAttr(type: number, data: Data): Uint8Array {
  return nested(type, [data instanceof Uint8Array ? bytes(NFTA_DATA_VALUE, data) : encodeVerdict(data)]);
}

/** @throws {RangeError} when it is neither a value nor a verdict */
export function decodeData(from: Uint8Array): Data {
  const attrs = decodeAttrs(from);
  const verdict = findAttr(attrs, NFTA_DATA_VERDICT);
  return verdict ? decodeVerdict(decodeAttrs(verdict)) : registerValue(findAttr(attrs, NFTA_DATA_VALUE));
}

/** Where only a value makes sense. @throws {RangeError} when there is none */
export function decodeValue(from: Uint8Array | undefined): Uint8Array {
  return registerValue(from && findAttr(decodeAttrs(from), NFTA_DATA_VALUE));
}

function registerValue(value: Uint8Array | undefined): Uint8Array {
  if (value === undefined) throw new RangeError("data without a value");
  return value;
}
