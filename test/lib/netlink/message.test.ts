import fc from "fast-check";
import { expect, test } from "vitest";
import { text } from "../../../lib/netlink/attr.ts";
import { concat, readU32, writeU32 } from "../../../lib/netlink/bytes.ts";
import { decodeAck } from "../../../lib/netlink/error.ts";
import { decodeMessages, encodeMessage, NLM_F_ACK_TLVS, NLMSG_ERROR } from "../../../lib/netlink/message.ts";
import { errno, errnoName } from "../../../lib/os/errno.ts";
import { isErrno, SystemCallError } from "../../../lib/os/error.ts";
import { seed } from "../seed.ts";

test("a message begins with length, type, flags, sequence and port 0", () => {
  const encoded = encodeMessage({
    type: 0x1234,
    flags: 0x0506,
    sequence: 0xa0b0c0d0,
    payload: Uint8Array.of(1, 2, 3),
  });
  expect(Buffer.from(encoded).toString("hex")).toBe("1300000034120605d0c0b0a00000000001020300");
});

test("messages of a datagram come back as they were sent", () => {
  const message = fc.record({
    type: fc.nat(0xffff),
    flags: fc.nat(0xffff),
    sequence: fc.nat(0xffffffff),
    payload: fc.uint8Array({ maxLength: 60 }),
  });
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      expect(decodeMessages(concat(messages.map(encodeMessage)))).toEqual(messages);
    }),
    { seed },
  );
});

test.each([15, 21, 0xffffffff])("a length of %i in 20 bytes is refused", (length) => {
  const datagram = new Uint8Array(20);
  writeU32(datagram, 0, length);
  expect(() => decodeMessages(datagram)).toThrow(RangeError);
});

test("reading past the end is an error, not zero", () => {
  expect(() => readU32(Uint8Array.of(1, 2, 3), 0)).toThrow(RangeError);
});

test("an error that repeats the whole request has its attributes behind it", () => {
  const request = encodeMessage({ type: 16, flags: 5, sequence: 9, payload: new Uint8Array(7).fill(0xa5) });
  const number = Uint8Array.of(0xef, 0xff, 0xff, 0xff);
  const payload = concat([number, request, text(1, "no")]);
  expect(decodeAck({ type: NLMSG_ERROR, flags: NLM_F_ACK_TLVS, sequence: 9, payload })).toEqual({
    errno: errno.EEXIST,
    kernelText: "no",
    offset: undefined,
    missing: undefined,
  });
});

test("errors have names, of netlink, of system calls and of node:fs", () => {
  expect(errnoName(17)).toBe("EEXIST");
  expect(errnoName(4242)).toBe("errno 4242");
  expect(isErrno(new SystemCallError("setns", errno.EPERM), "EPERM")).toBe(true);
  expect(isErrno(Object.assign(new Error("open"), { code: "ENOENT" }), "ENOENT")).toBe(true);
  expect(isErrno(new Error("ENOENT"), "ENOENT")).toBe(false);
  expect(isErrno("ENOENT", "ENOENT")).toBe(false);
});

test("the numbers of errors are those of this system", async () => {
  const { constants } = await import("node:os");
  const known: Record<string, number> = constants.errno;
  for (const [name, number] of Object.entries(errno)) {
    if (name in known) expect([name, known[name]]).toEqual([name, number]);
  }
});
