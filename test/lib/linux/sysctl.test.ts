import { describe, expect, test } from "vitest";
import { readSysctl, writeSysctl } from "../../../lib/linux/sysctl.ts";

describe("sysctl keys", () => {
  test.each([
    [[]],
    [[""]],
    [["ipv4", ".."]],
    [["ipv4", "."]],
    [["ipv4", "conf", "../../../../etc"]],
    [["ipv4/conf"]],
    [["ipv4", "conf", "eth 0"]],
    [["ipv4", "conf", "eth0\n"]],
    [["ipv4", "conf\0"]],
  ])("%j leads elsewhere and is refused", (key) => {
    expect(() => readSysctl(key)).toThrow(RangeError);
    expect(() => writeSysctl(key, "1")).toThrow(RangeError);
  });

  test("of what the kernel has not read as undefined", () => {
    expect(readSysctl(["ipv4", "conf", "no.such.link", "forwarding"])).toBeUndefined();
  });

  test("read without the newline", () => {
    expect(readSysctl(["ipv4", "conf", "lo", "forwarding"])).toMatch(/^[01]$/);
  });
});
