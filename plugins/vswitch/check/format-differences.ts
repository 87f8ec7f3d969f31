/** What differs, for people. Pure. */
import type { Difference } from "../../../lib/model/compare.ts";
import { formatTable, plural } from "../format.ts";

/** As many elements as one reads; of more, how many of each set. */
const mostElements = 4;

/** One line each, in columns. */
export function formatDifferences(differences: readonly Difference[]): string {
  const missing = differences.filter(isMissing).map(({ what }) => what);
  const needless = differences.filter(isNeedless).map(({ what }) => shortElement(what));
  const others = differences.filter((one) => !isMissing(one) && !isNeedless(one));
  const elements = missing.filter(isElement);
  const named = elements.length > mostElements ? bySet(elements) : elements.map(shortElement);
  return [
    ...(others.length === 0 ? [] : [formatTable(others.map(cellsOf), { indent: "  " })]),
    ...[...missing.filter((what) => !isElement(what)), ...named].map((what) => `  missing: ${what}`),
    ...needless.map((what) => `  too much: ${what}`),
  ].join("\n");
}

const isMissing = ({ expected, found }: Difference): boolean => expected === "present" && found === "absent";

const isNeedless = ({ expected, found }: Difference): boolean => expected === "absent" && found === "present";

const cellsOf = ({ what, expected, found }: Difference): readonly string[] => [
  what,
  `expected ${expected}`,
  `found ${found}`,
];

const isElement = (what: string): boolean => what.startsWith("add element ");

/** Whose it is, is known here. */
const shortElement = (what: string): string =>
  what.replace(/^add (?=element )/, "").replace(/ comment "vswitch:[^"]*"/, "");

function bySet(elements: readonly string[]): readonly string[] {
  const sets = Map.groupBy(elements, (what) => what.split(" ").slice(2, 5).join(" "));
  return [...sets].map(([set, list]) => `${plural(list.length, "element")} of set ${set}`);
}
