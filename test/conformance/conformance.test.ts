import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeConformance } from "./describe.ts";
import { targets } from "./targets.ts";

// The targets are our own plugins, so an absent one is a failure and never a skip.
for (const target of targets) {
  if (existsSync(target.plugin)) await describeConformance(target);
  else {
    describe(`${target.name} conforms to CNI`, () =>
      it("is built", () => expect.fail(`${target.plugin} is missing: npm run build`)));
  }
}
