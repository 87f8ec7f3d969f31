/** `vswitch repair` for people. Pure. */
import type { Difference } from "../../../lib/model/compare.ts";
import { formatDifferences } from "../check/format-differences.ts";
import { formatRows, rowsOf } from "../check/format-rows.ts";
import { plural, shortOwner } from "../format.ts";
import type { RepairReport } from "./repair.ts";
import type { RowRepair } from "./rows.ts";

export function formatRepairs(reports: readonly RepairReport[], rows: readonly RowRepair[] = []): string {
  if (reports.length === 0) return "no endpoints";
  const verdicts = Map.groupBy([...reports, ...rows], ({ verdict }) => verdict);
  const counts = [...verdicts].map(([verdict, list]) => `${list.length} ${verdict}`);
  const what = [
    plural(reports.length, "endpoint"),
    ...(rows.length > 0 ? [plural(rows.length, "overlay network")] : []),
  ];
  return [
    ...reports.map(formatRepair),
    ...rows.map(formatRowRepair),
    `${what.join(" and ")}: ${counts.join(", ")}`,
  ].join("\n");
}

function formatRowRepair({ network, verdict, before, after, why }: RowRepair): string {
  const head = `${rowsOf(network)}: ${verdict}${why === undefined ? "" : `: ${why}`}`;
  const told = verdict === "differs still" ? after : before;
  return told.length === 0 ? head : `${head}\n${formatRows(told)}`;
}

/** One endpoint: what was mended, by what, and what differs still. */
export function formatRepair(report: RepairReport): string {
  const { why, verdict, before = [], after = [], steps = [], beyond } = report;
  const head = `${shortOwner(report)}: ${verdict}${why === undefined ? "" : `: ${why}`}`;
  const left = new Set(after.map(({ what }) => what));
  const mended = verdict === "would be mended" ? before : before.filter(({ what }) => !left.has(what));
  return [
    head,
    ...(beyond === undefined ? listed(mended) : []),
    ...(verdict === "differs still" && after.length > 0
      ? [...(mended.length > 0 ? ["  still:"] : []), formatDifferences(after)]
      : []),
    ...(steps.length > 0 ? ["  by:", ...steps.map((step) => `    ${step}`)] : []),
    ...(beyond === undefined ? [] : [`  ${beyond.why}: ${beyond.remedy}`]),
  ].join("\n");
}

const listed = (differences: readonly Difference[]): readonly string[] =>
  differences.length === 0 ? [] : [formatDifferences(differences)];
