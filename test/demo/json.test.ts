import fc from "fast-check";
import { expect, it } from "vitest";
import { formatJson } from "./json.ts";

it("keeps what is short on one line", () => {
  expect(formatJson({ a: 1, b: [], c: {}, d: [{ e: "f" }] })).toBe(
    '{ "a": 1, "b": [], "c": {}, "d": [{ "e": "f" }] }',
  );
});

it("stays JSON of the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(formatJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
