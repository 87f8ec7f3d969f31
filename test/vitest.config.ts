/** How `npm test` runs vitest. */
import { globSync, readFileSync } from "node:fs";
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

/**
 * Files that compute, or ask the kernel by a child, share their processes and what is loaded there: to start one takes
 * longer than the tests of most of them. Not those that have hosts, replace modules, or set what one reads when loaded.
 */
const together = globSync("test/{arch,examples,fake,lib,plugins}/**/*.test.ts").filter(
  (file) => !/\bvi\.(mock|hoisted)\(|from ".*\/system\//.test(readFileSync(file, "utf8")),
);

export default defineConfig({
  plugins: [requiredIsImported],
  test: {
    pool: processPool,
    // Two cores; more at once would only make the measuring tests wait.
    maxWorkers: 2,
    sequence: { sequencer: SlowFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is waited for comes when the machine has time; a second is too short where others work.
    expect: { poll: { timeout: 15_000 } },
    reporters: ["dot", "./test/reporter.ts"],
    projects: [
      { extends: true, test: { name: "apart", include: ["test/**/*.test.ts"], exclude: together } },
      { extends: true, test: { name: "together", include: together, isolate: false } },
    ],
  },
});
