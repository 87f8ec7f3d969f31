import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import {
  addressCell,
  type Cell,
  fieldNames,
  isOpen,
  narrow,
  rangeCell,
  valueCell,
} from "../../../../lib/model/path/consulted.ts";

const range = (first?: number, last?: number): Cell => ({
  kind: "range",
  ...(first === undefined ? {} : { first }),
  ...(last === undefined ? {} : { last }),
});

describe("the part of an address that mattered", () => {
  test.each([
    ["10.1.0.2", [], "0.0.0.0/0"],
    ["10.1.0.2", ["10.1.0.0/24"], "10.1.0.0/24"],
    ["10.1.0.2", ["10.1.0.0/24", "10.1.0.2/32"], "10.1.0.2/32"],
    // One bit tells it from what it is not in.
    ["192.0.2.1", ["10.0.0.0/8"], "128.0.0.0/1"],
    ["10.1.0.2", ["10.1.0.3/32"], "10.1.0.2/32"],
    ["10.1.0.4", ["10.1.0.3/32"], "10.1.0.4/30"],
    ["10.1.0.2", ["fd00::/8"], "0.0.0.0/0"],
    ["fd01::2", ["fd00::/8", "2001:db8::/32"], "fd00::/8"],
    ["10.1.0.2", ["10.1.0.9/24"], "10.1.0.0/24"],
  ])("of %s among %j is %s", (address, prefixes, expected) => {
    expect(addressCell(ip(address), prefixes.map(prefix))).toEqual({
      kind: "prefix",
      prefix: prefix(expected),
    });
  });
});

describe("the part of a number that mattered", () => {
  test.each<[number, { first?: number; last?: number }[], Cell]>([
    [80, [], range()],
    [80, [{ first: 80, last: 80 }], range(80, 80)],
    [80, [{ first: 443, last: 443 }], range(undefined, 442)],
    [80, [{ first: 22, last: 22 }], range(23)],
    [
      80,
      [
        { first: 1, last: 1023 },
        { first: 22, last: 22 },
      ],
      range(23, 1023),
    ],
    [1400, [{ last: 1500 }], range(undefined, 1500)],
    [1501, [{ last: 1500 }], range(1501)],
  ])("of %i among %j", (value, ranges, expected) => {
    expect(rangeCell(value, ranges)).toEqual(expected);
  });

  test("that is no part at all says nothing", () => {
    expect([isOpen(range()), isOpen(range(1)), isOpen(valueCell(undefined))]).toEqual([true, false, false]);
  });
});

describe("two looks at one field", () => {
  test.each<[Cell | undefined, Cell, Cell]>([
    [undefined, range(1, 2), range(1, 2)],
    [range(1, 9), range(3), range(3, 9)],
    [range(undefined, 5), range(undefined, 3), range(undefined, 3)],
    [valueCell(7), range(1, 9), valueCell(7)],
    [range(1, 9), valueCell(7), valueCell(7)],
    [
      { kind: "prefix", prefix: prefix("10.0.0.0/8") },
      { kind: "prefix", prefix: prefix("10.1.0.0/16") },
      { kind: "prefix", prefix: prefix("10.1.0.0/16") },
    ],
    [
      { kind: "prefix", prefix: prefix("10.1.0.0/16") },
      { kind: "prefix", prefix: prefix("10.0.0.0/8") },
      { kind: "prefix", prefix: prefix("10.1.0.0/16") },
    ],
  ])("%j and %j leave what both leave", (a, b, expected) => {
    expect(narrow(a, b)).toEqual(expected);
  });

  test("name the field once, in the order of headers", () => {
    expect(fieldNames.slice(0, 4)).toEqual(["kind", "state", "sourceMac", "destinationMac"]);
    expect(new Set(fieldNames).size).toBe(fieldNames.length);
  });
});
