import { existsSync } from "node:fs";
import { describe, it } from "vitest";
import { describeConformance } from "./describe.ts";
import { targets } from "./targets.ts";

for (const target of targets) {
  if (existsSync(target.plugin)) await describeConformance(target);
  else describe.skip(`${target.name} conforms to CNI (not built: npm run build)`, () => it("every scenario"));
}
