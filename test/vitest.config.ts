/** How `npm test` runs vitest. */
import { defineConfig, type Plugin } from "vitest/config";
import { processPool } from "./process-pool.ts";
import { SlowFirst } from "./slow-first.ts";

/** Vitest evaluates modules itself. Asked by `require`, Bun would give copies of its own, whose classes are others. */
const requiredIsImported: Plugin = {
  name: "required-is-imported",
  enforce: "pre",
  transform(code) {
    const files = [
      ...new Set([...code.matchAll(/\brequire\("(\.[^"]+)"\) as/g)].map(([, file = ""]) => file)),
    ];
    if (files.length === 0) return undefined;
    const imports = files.map((file, i) => `import * as required${i} from "${file}";`);
    const body = files.reduce((text, file, i) => text.replaceAll(`require("${file}")`, `required${i}`), code);
    return { code: `${imports.join(" ")} ${body}`, map: null };
  },
};

export default defineConfig({
  plugins: [requiredIsImported],
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
