import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LayoutElement } from "../../../../lib/linux/layout/element.ts";
import {
  decodeElements,
  encodeAdd,
  encodeDelete,
  encodeGet,
} from "../../../../lib/linux/layout/element-requests.ts";
import { seed } from "../../seed.ts";
import { layoutElement } from "./random-elements.ts";

describe("elements of the layout", () => {
  it("come back from their requests as they were", () => {
    fc.assert(
      fc.property(layoutElement, (element) => {
        expect(decodeElements(element.set, encodeAdd([element]))).toEqual([element]);
        const { set, key } = element;
        const keyOnly: LayoutElement = { set, key };
        expect(decodeElements(set, encodeDelete([element]))).toEqual([keyOnly]);
        if (!set.startsWith("nat")) expect(decodeElements(set, [encodeGet(element)])).toEqual([keyOnly]);
      }),
      { seed, numRuns: 500 },
    );
  });
});
