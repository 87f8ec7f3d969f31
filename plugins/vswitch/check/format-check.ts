/** `vswitch check` for people. Pure. */
import type { Difference } from "../../../lib/model/compare.ts";
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
  if (beyond !== undefined) return `${head}\n  ${beyond.why}: ${beyond.remedy}`;
  return [head, ...(differences.length === 0 ? [] : [formatDifferences(differences)])].join("\n");
}

const verdictOf = ({ verdict, differences }: CheckReport): string =>
  verdict === "differs" ? plural(differences.length, "difference") : verdict;

/** As many elements as one reads; of more, how many of each set. */
const mostElements = 4;

/** One line each, in columns. */
export function formatDifferences(differences: readonly Difference[]): string {
  const missing = differences.filter(isMissing).map(({ what }) => what);
  const others = differences.filter((one) => !isMissing(one));
  const elements = missing.filter(isElement);
  const named = elements.length > mostElements ? bySet(elements) : elements.map(shortElement);
  return [
    ...(others.length === 0 ? [] : [formatTable(others.map(cellsOf), { indent: "  " })]),
    ...[...missing.filter((what) => !isElement(what)), ...named].map((what) => `  missing: ${what}`),
  ].join("\n");
}

const isMissing = ({ expected, found }: Difference): boolean => expected === "present" && found === "absent";

const cellsOf = ({ what, expected, found }: Difference): readonly string[] => [
  what,
  `expected ${expected}`,
  `found ${found}`,
];

const isElement = (what: string): boolean => what.startsWith("add element ");

/** Whose it is, is known here. */
const shortElement = (what: string): string =>
  what.slice("add ".length).replace(/ comment "vswitch:[^"]*"/, "");

function bySet(elements: readonly string[]): readonly string[] {
  const sets = Map.groupBy(elements, (what) => what.split(" ").slice(2, 5).join(" "));
  return [...sets].map(([set, list]) => `${plural(list.length, "element")} of set ${set}`);
}
