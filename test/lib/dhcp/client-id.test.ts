import { expect, it } from "vitest";
import { clientId, duid } from "../../../lib/dhcp/client-id.ts";

const key = "0123456789abcdef0123456789abcdef";

it("a client is named by an IAID and a UUID, the same for both families", () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  expect(hex(clientId(key))).toBe(`ff${"01234567"}0004${"0123456789ab8def8123456789abcdef"}`);
  expect(hex(clientId(key)).endsWith(hex(duid(key)))).toBe(true);
  expect(hex(duid(key.replace("0", "1")))).not.toBe(hex(duid(key)));
});

it("what is no key of an owner names nobody", () => {
  for (const text of ["", "0123", key.toUpperCase(), `${key}0`])
    expect(() => clientId(text)).toThrow(RangeError);
});
