/**
 * `npm test`: types, lint and format, then every test; ends with one line that counts all of it.
 *
 * `npm test -- PATH ...` runs the tests below these paths only.
 */
import { type StdioOptions, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Summary } from "./reporter.ts";

const root = join(import.meta.dir, "..");
const bin = join(root, "node_modules/.bin");
const report = join(root, "dist/test-summary.json");

/** Runs a tool with our stdout. @returns whether it succeeded; a tool that was killed is named */
function stage(title: string, command: string, args: readonly string[]): boolean {
  process.stdout.write(`\n== ${title}\n`);
  // Node's extra certificates cost each node process 70 ms; nothing here speaks TLS.
  const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
  const env = { ...inherited, PATH: `${bin}:${process.env.PATH ?? ""}`, VSWITCH_TEST_SUMMARY: report };
  const stdio: StdioOptions = ["ignore", "inherit", "inherit"];
  const { status, signal, error } = spawnSync(join(bin, command), args, { cwd: root, stdio, env });
  if (signal !== null) process.stdout.write(`\n${command} was ended by ${signal}\n`);
  if (error !== undefined) process.stdout.write(`\n${command} did not run: ${error.message}\n`);
  return status === 0;
}

function readSummary(): Summary {
  try {
    return JSON.parse(readFileSync(report, "utf8"));
  } catch {
    process.stdout.write("\nthe tests ended without their summary: the runner itself failed\n");
    return { passed: 0, failed: 1, failures: [], skipped: [], slowest: [] };
  }
}

mkdirSync(join(root, "dist"), { recursive: true });
rmSync(report, { force: true });
const chosen = process.argv.slice(2);
const whole = chosen.length === 0;
const checks = whole
  ? [
      stage("types", "tsc", ["--noEmit", "-p", "."]),
      stage("lint and format", "biome", ["check", "--error-on-warnings", "."]),
    ]
  : [];
const vitest = [
  "--bun",
  "node_modules/vitest/vitest.mjs",
  "run",
  "--root=.",
  "--config=test/vitest.config.ts",
];
const passed = stage("tests", "bun", [...vitest, ...chosen]);
const summary = readSummary();

const reasons = Map.groupBy(summary.skipped, (test) => test.reason);
for (const [reason, tests] of reasons) {
  process.stdout.write(`\nskipped, ${reason}:\n${tests.map((test) => `  ${test.name}\n`).join("")}`);
}
if (whole && summary.slowest.length > 0) {
  const lines = summary.slowest.map(({ name, seconds }) => `  ${seconds.toFixed(0).padStart(4)} s ${name}\n`);
  process.stdout.write(`\nlongest:\n${lines.join("")}`);
}
if (summary.failures.length > 0) {
  const lines = summary.failures.map(({ name, reason }) => `  ${name}\n    ${reason}\n`);
  process.stdout.write(`\nfailed:\n${lines.join("")}`);
}
const good = checks.filter((ok) => ok).length + summary.passed;
// A runner that fails without a failed test (a crash, an unhandled error) has failed all the same.
const bad = checks.filter((ok) => !ok).length + (passed ? summary.failed : Math.max(1, summary.failed));
process.stdout.write(`\n${good} passed, ${bad} failed, ${summary.skipped.length} skipped\n`);
process.exit(bad === 0 ? 0 : 1);
