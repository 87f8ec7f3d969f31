import { expect, it } from "vitest";
import { shuffled } from "../../../lib/directory/shuffle.ts";

it.each([0, 1, 2, 3, 4, 5, 12, 30, 64, 97, 210])("each number below %i comes once", (count) => {
  for (const seed of ["", "a", "b", "c"]) {
    const all = [...shuffled(BigInt(count), seed)].map(Number);
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  }
});
