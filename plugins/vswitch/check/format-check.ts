/** `vswitch check` for people. Pure. */
import type { Difference } from "../../../lib/model/diff.ts";
import { formatTable, plural, shortOwner } from "../format.ts";
import type { CheckReport } from "./check.ts";

export function formatReport(reports: readonly CheckReport[]): string {
  if (reports.length === 0) return "no endpoints";
  const differing = reports.filter(({ verdict }) => verdict === "differs");
  const checked = reports.filter(({ verdict }) => verdict !== "not checked").length;
  const count = differing.length;
  const summary = `${plural(checked, "endpoint")} checked, ${count} ${count === 1 ? "differs" : "differ"}`;
  const mendable = differing.some(({ beyondRepair }) => beyondRepair === undefined);
  return [...reports.map(formatOne), mendable ? `${summary}: vswitch repair mends it` : summary].join("\n");
}

function formatOne(report: CheckReport): string {
  const { why, differences, beyondRepair: beyond } = report;
  const head = `${shortOwner(report)}: ${why ?? verdictOf(report)}`;
  const lines = differences.length === 0 ? [] : [formatDifferences(differences)];
  return [head, ...lines, ...(beyond === undefined ? [] : [`  ${beyond.why}: ${beyond.remedy}`])].join("\n");
}

const verdictOf = ({ verdict, differences }: CheckReport): string =>
  verdict === "differs" ? plural(differences.length, "difference") : verdict;

/** One line each, in columns. */
export function formatDifferences(differences: readonly Difference[]): string {
  const rows = differences.map(({ what, expected, found }) =>
    expected === "present" && found === "absent"
      ? [`missing: ${what}`]
      : [`${what}`, `expected ${expected}`, `found ${found}`],
  );
  const missing = rows.filter((row) => row.length === 1);
  const others = rows.filter((row) => row.length > 1);
  return [
    ...(others.length === 0 ? [] : [formatTable(others, { indent: "  " })]),
    ...missing.map(([text]) => `  ${text}`),
  ].join("\n");
}
