/** The reports as text for a person and as JSON for a program. */
import type { JsonObject } from "./json.ts";
import type { Report } from "./runner.ts";
import type { Subject } from "./target.ts";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
}

export function countsOf(reports: readonly Report[]): Counts {
  const count = (kind: string) => reports.filter((report) => report.verdict.kind === kind).length;
  return { passed: count("passed"), failed: count("failed"), notApplicable: count("not applicable") };
}

/** One line of progress. */
export function formatReport(report: Report): string {
  const { verdict, job } = report;
  const mark = { passed: "pass", failed: "FAIL", "not applicable": "n/a " }[verdict.kind];
  const line = `${mark}  ${job.name.padEnd(14)} ${job.scenario.title}`;
  if (verdict.kind === "failed") return `${line}\n      seen: ${verdict.seen.replaceAll("\n", "\n      ")}`;
  return verdict.kind === "not applicable" ? `${line}\n      why:  ${verdict.why}` : line;
}

/** The whole scorecard; its last line are the counts. */
export function formatScorecard(subject: Subject, reports: readonly Report[], elapsedMs: number): string {
  const { passed, failed, notApplicable } = countsOf(reports);
  return [
    `${subject.name}: ${subject.plugin}, versions ${subject.versions.join(", ")}`,
    ...(subject.versionTrouble === undefined ? [] : [subject.versionTrouble]),
    "",
    ...reports.map(formatReport),
    "",
    `took ${(elapsedMs / 1000).toFixed(0)} s`,
    `${passed} passed, ${failed} failed, ${notApplicable} not applicable`,
  ].join("\n");
}

/** What `--json` writes. */
export function scorecardJson(subject: Subject, reports: readonly Report[], elapsedMs: number): JsonObject {
  return {
    target: {
      name: subject.name,
      plugin: subject.plugin,
      config: subject.config,
      versions: subject.versions,
    },
    features: subject.has,
    counts: countsOf(reports),
    elapsedMs: Math.round(elapsedMs),
    scenarios: reports.map(({ job, verdict, elapsedMs }) => ({
      id: job.scenario.id,
      version: job.version,
      title: job.scenario.title,
      outcome: verdict.kind,
      ...(verdict.kind === "failed" ? { seen: verdict.seen } : {}),
      ...(verdict.kind === "not applicable" ? { why: verdict.why } : {}),
      elapsedMs: Math.round(elapsedMs),
    })),
  };
}
