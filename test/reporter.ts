/** A vitest reporter that writes down what `npm test` ends with: counts, each skipped test and each failed one with its reason. */
import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  /** What failed, a line of its first error each: it stands near the end, where a shortened log still has it. */
  readonly failures: readonly { readonly name: string; readonly reason: string }[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  /** The files that took longest, in seconds. */
  readonly slowest: readonly { readonly name: string; readonly seconds: number }[];
}

const shown = 8;

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const file = process.env.VSWITCH_TEST_SUMMARY;
    if (file === undefined) return;
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const state = (wanted: string) => tests.filter((test) => test.result().state === wanted);
    // A file that cannot be loaded has no tests, and is no success.
    const broken = modules.filter((module) => module.state() === "failed" && module.errors().length > 0);
    const summary: Summary = {
      passed: state("passed").length,
      failed: state("failed").length + state("pending").length + broken.length + unhandled.length,
      failures: [
        ...state("failed").map((test) => ({
          name: nameOf(test),
          reason: firstLine(test.result().errors?.[0]),
        })),
        ...state("pending").map((test) => ({ name: nameOf(test), reason: "did not end" })),
        ...broken.map((module) => ({ name: module.relativeModuleId, reason: firstLine(module.errors()[0]) })),
        ...unhandled.map((error) => ({ name: "outside of a test", reason: firstLine(error) })),
      ],
      slowest: modules
        .map((module) => ({ name: module.relativeModuleId, seconds: module.diagnostic().duration / 1000 }))
        .toSorted((a, b) => b.seconds - a.seconds)
        .slice(0, shown),
      skipped: state("skipped").map((test) => ({ name: nameOf(test), reason: reasonOf(test) })),
    };
    writeFileSync(file, JSON.stringify(summary));
  }
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId}: ${test.fullName}`;
}

/** The first line of an error's message. */
function firstLine(error: unknown): string {
  const message = error instanceof Object && "message" in error ? error.message : error;
  return String(message).split("\n", 1)[0] ?? "";
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  // Tests that are skipped as a whole say why in their title or in that of their group.
  return (result.state === "skipped" && result.note) || "as their titles say";
}
