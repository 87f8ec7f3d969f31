import { expect } from "vitest";
import type { Lab } from "./lab.ts";

/** Lets a test use the network and expects that links, rules and leases of the host are the same afterwards. */
export async function leavingNothing(lab: Lab, use: () => Promise<void>): Promise<void> {
  const before = await lab.traces();
  await use();
  expect(await lab.traces()).toEqual(before);
}
