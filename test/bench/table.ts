/** The report as text. */
import type { Part } from "./breakdown.ts";
import { busyShare, type Load, type Machine } from "./machine.ts";
import type { Outcome, Report } from "./report.ts";
import type { Goal, Unit } from "./row.ts";
import type { Summary } from "./verdict.ts";

export function formatReport(report: Report): string {
  const { machine, rounds, outcomes, breakdown } = report;
  return [
    formatMachine(machine, rounds),
    ...formatRows(outcomes),
    ...(breakdown.length > 0 ? ["", ...formatBreakdown(breakdown)] : []),
    "",
    ...legend,
    ...warnings(outcomes),
  ].join("\n");
}

const legend = [
  "median [quartiles]; 95 %: bootstrap interval of the ratio (of our figure where the goal is in MiB).",
  "reached / missed: the whole interval is on that side of the goal. even: the goal is inside a narrow interval.",
  "noisy: the goal is inside an interval too wide to judge. *: others were using the machine.",
];

function formatMachine({ cpu, cpus, kernel, bun, fileSystem }: Machine, rounds: number): string {
  return `${cpus} x ${cpu}, Linux ${kernel}, Bun ${bun}, state on ${fileSystem}, ${rounds} rounds\n`;
}

function formatRows(outcomes: readonly Outcome[]): readonly string[] {
  const lines = [["", "goal", "ours", "reference", "ratio", "95 %", "rounds", "load", "verdict"]];
  const notes: string[] = [];
  for (const outcome of outcomes) {
    lines.push(formatRow(outcome));
    if (outcome.kind !== "measured") continue;
    const { row, notes: said = [], notJudged } = outcome.measured;
    for (const note of notJudged === undefined ? said : [notJudged, ...said])
      notes.push(`${row.name}: ${note}`);
  }
  return [...alignColumns(lines), ...(notes.length > 0 ? [""] : []), ...notes];
}

function formatRow(outcome: Outcome): string[] {
  if (outcome.kind === "failed")
    return [outcome.row.title, formatGoal(outcome.row.goal), `FAILED: ${outcome.reason}`];
  const { row } = outcome.measured;
  const { ours, reference, ratio, interval, verdict } = outcome.judged;
  return [
    row.title,
    formatGoal(row.goal),
    formatSummary(ours, row.unit),
    formatSummary(reference, row.unit),
    figure(ratio),
    `${figure(interval.low)}..${figure(interval.high)}`,
    `${ours.rounds}/${reference.rounds}`,
    outcome.load.loadAverage.toFixed(1),
    `${row.goal === undefined ? "" : verdict}${isBusy(outcome.load) ? " *" : ""}`,
  ];
}

function formatGoal(goal: Goal | undefined): string {
  if (goal === undefined) return "";
  return `${goal.kind === "ratio-at-least" ? ">=" : "<="} ${goal.value}${goal.kind === "at-most" ? " MiB" : ""}`;
}

function formatSummary({ median, q1, q3 }: Summary, unit: Unit): string {
  const [scale, name] = unit === "ms" && median >= 1000 ? [1000, "s"] : [1, unit];
  const [mid, low, high] = [median, q1, q3].map((value) => figure(value / scale));
  return `${mid} [${low} ${high}] ${name}`;
}

/** Three digits. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toFixed(digits);
}

function formatBreakdown(parts: readonly Part[]): readonly string[] {
  const lines = parts.map(({ title, ms, userMs, systemMs }) => [
    title,
    ...[ms, userMs, systemMs].map(figure),
  ]);
  return alignColumns([["one process, start to exit (median, ms)", "wall", "user", "system"], ...lines]);
}

/** The first column to the left, the others to the right. */
function alignColumns(lines: readonly (readonly string[])[]): readonly string[] {
  const whole = lines.filter((line) => line.length === lines[0]?.length);
  const widths = (lines[0] ?? []).map((_, at) => Math.max(...whole.map((line) => line[at]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

function isBusy({ othersShare }: Load): boolean {
  return othersShare > busyShare;
}

function warnings(outcomes: readonly Outcome[]): readonly string[] {
  const shares = outcomes.flatMap((one) =>
    one.kind === "measured" && isBusy(one.load) ? [one.load.othersShare] : [],
  );
  if (shares.length === 0) return [];
  const most = Math.round(100 * Math.max(...shares));
  return [
    `WARNING: the machine is busy (up to ${most} % of it used by others): these figures are not to be trusted.`,
  ];
}
