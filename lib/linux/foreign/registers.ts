/** The registers of a rule: 64 bytes, each part named in two ways (nf_tables.h, enum nft_registers). */
import { align4 } from "../../netlink/bytes.ts";
import { NFT_REG32_00 } from "../../netlink/nft/expr/register.ts";
import { otherValue, type Value } from "./value.ts";

export interface Registers {
  load(register: number, value: Value): void;
  /** What begins at this register. */
  read(register: number): Value;
  /** The values that together are a key of so many bytes; undefined when they do not fill it. */
  readKey(register: number, length: number): readonly Value[] | undefined;
  /** Something unknown may have been written anywhere. @param text what wrote */
  forget(text: string): void;
}

export function createRegisters(): Registers {
  const values = new Map<number, Value>();
  let unknown = "a register";
  const read = (at: number): Value => values.get(at) ?? otherValue(unknown);
  return {
    load: (register, value) => void values.set(offsetOf(register), value),
    read: (register) => read(offsetOf(register)),
    readKey(register, length) {
      const start = offsetOf(register);
      const key: Value[] = [];
      let at = start;
      while (at < start + length) {
        const value = read(at);
        key.push(value);
        at += align4(value.length);
      }
      return at - start === align4(length) ? key : undefined;
    },
    forget(text) {
      values.clear();
      unknown = text;
    },
  };
}

/** Registers 1 to 4 have 16 bytes each and share them with the 16 of 4 bytes. */
function offsetOf(register: number): number {
  return register < NFT_REG32_00 ? (register - 1) * 16 : (register - NFT_REG32_00) * 4;
}
