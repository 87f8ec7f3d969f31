import { expect, it } from "vitest";
import { matchState } from "../../../../lib/linux/foreign/xt-conntrack.ts";

/** struct xt_state_info. */
const mask = (bits: number) => Uint8Array.of(bits, 0, 0, 0);

it.each([
  [2 | 4, "ct state established,related"],
  [1 << 6, "ct state untracked"],
])("the old -m state, mask %i, is %s", (bits, text) => {
  const { alternatives, text: words } = matchState(mask(bits));
  expect(words).toBe(text);
  expect(alternatives).toEqual([[expect.objectContaining({ kind: "state" })]]);
});
