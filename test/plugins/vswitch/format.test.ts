import { describe, expect, test } from "vitest";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatTable,
  plural,
  shortOwner,
} from "../../../plugins/vswitch/format.ts";

describe("amounts for people", () => {
  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [2345, "2.3 kB"],
    [23_456, "23.5 kB"],
    [234_567, "235 kB"],
    [999_600, "1 MB"],
    [5e15, "5000 TB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test.each([
    [12, "12"],
    [99_999, "99999"],
    [1_234_567, "1.2 M"],
  ])("%d packets are %s", (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  test.each([
    [-5, "0 s"],
    [59_000, "59 s"],
    [61_000, "1 min"],
    [7_200_000, "2 h"],
    [3 * 86_400_000, "3 d"],
  ])("%d ms are %s", (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });

  test("one is not many", () => {
    expect([plural(1, "port"), plural(2, "port"), plural(0, "port")]).toEqual([
      "1 port",
      "2 ports",
      "0 ports",
    ]);
  });

  test("a runtime's id is cut where everybody cuts it, any other name is kept", () => {
    const containerId = "0123456789abcdef".repeat(4);
    expect(shortOwner({ network: "n", containerId, ifname: "eth0" })).toBe("n/0123456789ab/eth0");
    expect(shortOwner({ network: "n", containerId: "a-rather-long-name", ifname: "e" })).toContain("long");
  });
});

describe("a table", () => {
  test("has columns as wide as their widest cell, and nothing at the end of a line", () => {
    const rows = [
      ["a", "bb", ""],
      ["ccc", "d"],
    ];
    expect(formatTable(rows)).toBe("a    bb\nccc  d");
    expect(formatTable(rows, { right: [0, 1], indent: "- " })).toBe("-   a  bb\n- ccc   d");
    expect(formatTable([])).toBe("");
  });
});
