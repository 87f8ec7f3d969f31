/** Kinds of values, and the integers that both families write the same. */
import { readBe16, readBe32, readU8, writeBe16, writeBe32 } from "../netlink/bytes.ts";

/** @throws {RangeError} from `decode` for bytes that are no such value */
export interface Kind<Value> {
  decode(bytes: Uint8Array): Value;
  encode(value: Value): Uint8Array;
}

export const u8: Kind<number> = {
  decode: (bytes) => readU8(sized(bytes, 1), 0),
  encode: (value) => Uint8Array.of(value),
};

export const u16: Kind<number> = {
  decode: (bytes) => readBe16(sized(bytes, 2), 0),
  encode: (value) => {
    const bytes = new Uint8Array(2);
    writeBe16(bytes, 0, value);
    return bytes;
  },
};

export const u32: Kind<number> = {
  decode: (bytes) => readBe32(sized(bytes, 4), 0),
  encode: (value) => {
    const bytes = new Uint8Array(4);
    writeBe32(bytes, 0, value);
    return bytes;
  },
};

export function sized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes instead of ${length}`);
  return bytes;
}
