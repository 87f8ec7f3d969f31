/** The report as text. */
import type { Part } from "./breakdown.ts";
import { busyShare, type Load } from "./machine.ts";
import type { Profile } from "./profile.ts";
import type { Outcome, Report } from "./report.ts";
import type { Row } from "./row.ts";
import { alignColumns, figure } from "./table.ts";
import type { Summary } from "./verdict.ts";

/** @param withProfiles also the traced calls, some forty lines */
export function formatReport(report: Report, withProfiles: boolean): string {
  const { outcomes, breakdown, breakdownFailed, breakdownLoad, profiles } = report;
  const parts = [
    formatMachine(report),
    formatRows(outcomes),
    formatNotes(outcomes),
    legend,
    formatBreakdown(breakdown, breakdownFailed),
    ...(withProfiles ? profiles.map(formatProfile) : []),
    formatLoad([...loadsOf(outcomes), ...(breakdownLoad === undefined ? [] : [breakdownLoad])]),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

const legend = [
  "ours, reference: median [quartiles]. ratio: of the medians, ours / reference; 95 %: its bootstrap interval (of our",
  "figure where the goal is one). Reference: bridge + host-local with ipMasq, and portmap where ports are published.",
  "reached / missed: the whole interval is on that side of the goal. even: the goal is inside a narrow interval.",
  "noisy: the goal is inside an interval too wide to judge. *: others were using the machine.",
];

function formatMachine({ machine, rounds, residents }: Report): readonly string[] {
  const { cpu, cpus, kernel, bun, fileSystem } = machine;
  const options = `--rounds ${rounds} --residents ${residents}`;
  return [`${cpus} x ${cpu}, Linux ${kernel}, Bun ${bun}, state on ${fileSystem}, ${options}`];
}

function formatRows(outcomes: readonly Outcome[]): readonly string[] {
  if (outcomes.length === 0) return [];
  const head = ["", "goal", "ours", "reference", "ratio", "95 %", "rounds", "verdict"];
  return alignColumns([head, ...outcomes.map(formatRow)]);
}

function formatRow(outcome: Outcome): readonly string[] {
  const { row } = outcome.kind === "failed" ? outcome : outcome.measured;
  const begin = [`${row.title}, ${row.unit}`, formatGoal(row)];
  if (outcome.kind === "failed") return [...begin, `FAILED: ${outcome.reason}`];
  const { ours, reference, ratio, interval, verdict } = outcome.judged;
  return [
    ...begin,
    formatSummary(ours),
    formatSummary(reference),
    figure(ratio),
    `${figure(interval.low)}..${figure(interval.high)}`,
    `${ours.rounds}/${reference.rounds}`,
    `${row.goal === undefined ? "" : verdict}${isBusy(outcome.load) ? " *" : "  "}`,
  ];
}

function formatGoal({ goal, unit }: Row): string {
  if (goal === undefined) return "";
  return `${goal.kind === "ratio-at-least" ? ">=" : "<="} ${goal.value}${goal.kind === "at-most" ? ` ${unit}` : ""}`;
}

function formatSummary({ median, q1, q3, rounds }: Summary): string {
  return rounds > 1 ? `${figure(median)} [${figure(q1)} ${figure(q3)}]` : figure(median);
}

function formatNotes(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap((outcome) => {
    if (outcome.kind === "failed") return [];
    const { row, notes = [], notJudged } = outcome.measured;
    return [...(notJudged === undefined ? [] : [notJudged]), ...notes].map((note) => `${row.name}: ${note}`);
  });
}

function formatBreakdown(parts: readonly Part[], failed: string | undefined): readonly string[] {
  if (failed !== undefined) return [`single processes: FAILED: ${failed}`];
  if (parts.length === 0) return [];
  const head = ["one process, start to exit, ms", "median", "least", "processor"];
  const lines = parts.map(({ title, medianMs, leastMs, cpuMs }) => [
    title,
    ...[medianMs, leastMs, cpuMs].map(figure),
  ]);
  return alignColumns([head, ...lines]);
}

/** The time since the line before tells what took long: a line is printed when its work is done, or begins. */
function formatProfile({ verb, ms, lines }: Profile): readonly string[] {
  const rows = lines.map(({ atMs, text }, at) => {
    const since = atMs - (lines[at - 1]?.atMs ?? 0);
    return `${atMs.toFixed(2).padStart(7)} ${`+${since.toFixed(2)}`.padStart(7)}  ${text.slice(0, 110)}`;
  });
  return [
    `the fastest traced nat ${verb}, ${figure(ms)} ms: ms since its start, since the line before`,
    ...rows,
  ];
}

function isBusy({ othersShare }: Load): boolean {
  return othersShare > busyShare;
}

function loadsOf(outcomes: readonly Outcome[]): readonly Load[] {
  return outcomes.flatMap((outcome) => (outcome.kind === "measured" ? [outcome.load] : []));
}

function formatLoad(loads: readonly Load[]): readonly string[] {
  if (loads.length === 0) return [];
  const averages = loads.map(({ loadAverage }) => loadAverage);
  const most = Math.max(...loads.map(({ othersShare }) => othersShare));
  const span = `${Math.min(...averages).toFixed(1)} to ${Math.max(...averages).toFixed(1)}`;
  const line = `load average ${span} (our own work included); others used up to ${Math.round(100 * most)} % of the machine`;
  const warning =
    "WARNING: the machine was busy: what is marked * is not to be trusted, nor are the single processes.";
  return loads.some(isBusy) ? [line, warning] : [line];
}
