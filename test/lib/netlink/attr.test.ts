import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as attr from "../../../lib/netlink/attr.ts";
import { concat } from "../../../lib/netlink/bytes.ts";
import { seed } from "../seed.ts";

const { decodeAttrs } = attr;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("encoding", () => {
  test.each([
    ["u8", attr.u8(3, 0xab), "05000300ab000000"],
    ["u16", attr.u16(3, 0x1234), "0600030034120000"],
    ["u32", attr.u32(3, 0xdeadbeef), "08000300efbeadde"],
    ["a negative u32", attr.u32(3, -1), "08000300ffffffff"],
    ["u64", attr.u64(3, 0x0102030405060708n), "0c0003000807060504030201"],
    ["be16", attr.be16(3, 0x1234), "0600030012340000"],
    ["be32", attr.be32(3, 0xdeadbeef), "08000300deadbeef"],
    ["be64", attr.be64(3, 0x0102030405060708n), "0c0003000102030405060708"],
    ["text", attr.text(3, "eth0"), "090003006574683000000000"],
    ["text of several bytes a letter", attr.text(3, "ü"), "07000300c3bc0000"],
    ["bytes", attr.bytes(3, Uint8Array.of(1, 2, 3)), "0700030001020300"],
    ["flag", attr.flag(3), "04000300"],
    ["nested", attr.nested(3, [attr.u8(1, 2), attr.flag(4)]), "10000380050001000200000004000400"],
  ])("%s", (_, encoded, wanted) => {
    expect(hex(encoded)).toBe(wanted);
  });

  test("a value that does not fit the 16 bit length is refused", () => {
    expect(attr.bytes(1, new Uint8Array(attr.NLA_MAX_PAYLOAD))).toHaveLength(0x10000);
    expect(() => attr.bytes(1, new Uint8Array(attr.NLA_MAX_PAYLOAD + 1))).toThrow(RangeError);
  });
});

describe("decoding", () => {
  test("gives back whatever was encoded, known or not, without the flag bits", () => {
    const value = fc.uint8Array({ maxLength: 50 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(0x3fff), value)),
        fc.constantFrom(0, 0x8000, 0x4000),
        (list, bits) => {
          const encoded = concat(list.map(([type, bytes]) => attr.bytes(type | bits, bytes)));
          expect(decodeAttrs(encoded)).toEqual(list.map(([type, bytes]) => ({ type, bytes })));
        },
      ),
      { seed },
    );
  });

  test("of any bytes at all ends, with attributes or with a RangeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          for (const { bytes: value } of decodeAttrs(bytes)) expect(value.length).toBeLessThan(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { seed },
    );
  });

  test.each(["0300010000000000", "0900010000000000", "00000000"])(
    "a length that leads outside is refused: %s",
    (text) => {
      expect(() => decodeAttrs(Uint8Array.from(Buffer.from(text, "hex")))).toThrow(RangeError);
    },
  );

  test("trailing bytes too short for a header are padding", () => {
    expect(decodeAttrs(concat([attr.flag(1), Uint8Array.of(9, 9, 9)]))).toHaveLength(1);
  });
});

describe("typed reads", () => {
  const attrs = decodeAttrs(
    concat([
      attr.u8(1, 0xff),
      attr.u16(2, 0xfffe),
      attr.u32(3, 0xfffffffd),
      attr.u64(4, 0xffff_ffff_ffff_fffcn),
      attr.be16(5, 0xfffe),
      attr.be32(6, 0xfffffffd),
      attr.be64(7, 0xffff_ffff_ffff_fffcn),
      attr.text(8, "eth0"),
      attr.bytes(9, Buffer.from("veth")),
      attr.nested(10, [attr.u8(1, 5)]),
      attr.flag(11),
      attr.u8(1, 0xfe),
    ]),
  );

  test("give numbers in their order of bytes, and the last of several", () => {
    expect(attr.getU8(attrs, 1)).toBe(0xfe);
    expect(attr.getU16(attrs, 2)).toBe(0xfffe);
    expect(attr.getU32(attrs, 3)).toBe(0xfffffffd);
    expect(attr.getI32(attrs, 3)).toBe(-3);
    expect(attr.getU64(attrs, 4)).toBe(0xffff_ffff_ffff_fffcn);
    expect(attr.getBe16(attrs, 5)).toBe(0xfffe);
    expect(attr.getBe32(attrs, 6)).toBe(0xfffffffd);
    expect(attr.getBe64(attrs, 7)).toBe(0xffff_ffff_ffff_fffcn);
  });

  test("give text with and without its NUL, nested attributes and flags", () => {
    expect(attr.getText(attrs, 8)).toBe("eth0");
    expect(attr.getText(attrs, 9)).toBe("veth");
    expect(attr.getU8(attr.getNested(attrs, 10) ?? [], 1)).toBe(5);
    expect(attr.hasAttr(attrs, 11)).toBe(true);
    expect(attr.hasAttr(attrs, 12)).toBe(false);
  });

  test("of what is absent are undefined", () => {
    const reads = [attr.getU8, attr.getU32, attr.getBe64, attr.getText, attr.getNested, attr.findAttr];
    for (const read of reads) expect(read(attrs, 99)).toBeUndefined();
  });

  test("of another length fail and name the attribute", () => {
    expect(() => attr.getU32(attrs, 2)).toThrow("attribute 2 has 2 bytes, not 4");
    expect(() => attr.getU8(attrs, 11)).toThrow("attribute 11 has 0 bytes, not 1");
    expect(() => attr.getBe16(attrs, 6)).toThrow("attribute 6 has 4 bytes, not 2");
  });
});
