/** How `npm test` runs vitest. */
import { defineConfig } from "vitest/config";
import { processPool } from "./process-pool.ts";
import { SlowFirst } from "./slow-first.ts";

export default defineConfig({
  test: {
    dir: "test",
    pool: processPool,
    // Two cores; more at once would only make the measuring tests wait.
    maxWorkers: 2,
    sequence: { sequencer: SlowFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["dot", "./test/reporter.ts"],
  },
});
