/** `vswitch check` for people. Pure. */
import { plural, shortOwner } from "../format.ts";
import type { CheckReport } from "./check.ts";
import { formatDifferences } from "./format-differences.ts";
import { formatRows, rowsOf } from "./format-rows.ts";
import type { RowReport } from "./rows.ts";

export function formatReport(reports: readonly CheckReport[], rows: readonly RowReport[] = []): string {
  if (reports.length === 0) return "no endpoints";
  const differing = reports.filter(({ verdict }) => verdict === "differs");
  const lacking = rows.filter(({ verdict }) => verdict === "differs");
  const checked = reports.filter(({ verdict }) => verdict !== "not checked").length;
  const networks = rows.length === 0 ? "" : ` and ${plural(rows.length, "overlay network")}`;
  const count = differing.length + lacking.length;
  const summary = `${plural(checked, "endpoint")}${networks} checked, ${count} ${count === 1 ? "differs" : "differ"}`;
  const mendable = lacking.length > 0 || differing.some(({ beyondRepair }) => beyondRepair === undefined);
  return [
    ...reports.map(formatOne),
    ...rows.map(formatNetwork),
    mendable ? `${summary}: vswitch repair mends it` : summary,
  ].join("\n");
}

function formatNetwork({ network, verdict, differences }: RowReport): string {
  if (differences.length === 0) return `${rowsOf(network)}: ${verdict}`;
  return `${rowsOf(network)}: ${plural(differences.length, "difference")}\n${formatRows(differences)}`;
}

function formatOne(report: CheckReport): string {
  const { why, differences, beyondRepair: beyond } = report;
  const head = `${shortOwner(report)}: ${why ?? verdictOf(report)}`;
  if (beyond !== undefined) return `${head}\n  ${beyond.why}: ${beyond.remedy}`;
  return [head, ...(differences.length === 0 ? [] : [formatDifferences(differences)])].join("\n");
}

const verdictOf = ({ verdict, differences }: CheckReport): string =>
  verdict === "differs" ? plural(differences.length, "difference") : verdict;
