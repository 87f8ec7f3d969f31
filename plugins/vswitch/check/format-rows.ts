/** Rows of other hosts for people. Pure. */
import type { Difference } from "../../../lib/model/compare.ts";
import { formatDifferences } from "./format-differences.ts";

/** As many of a kind as one reads; of more, how many. A directory may name thousands of hosts. */
const most = 6;

/** One line each. */
export function formatRows(differences: readonly Difference[]): string {
  const kinds = Map.groupBy(differences, ({ what, found }) => `${kindOf(what)} ${found}`);
  return [...kinds.values()]
    .flatMap((list) => [
      formatDifferences(list.slice(0, most)),
      ...(list.length > most ? [`  and ${list.length - most} more like the last`] : []),
    ])
    .join("\n");
}

/** What has them, in the words of a report. */
export const rowsOf = (network: string): string => `${network}, other hosts`;

/** `route`, `fdb`, or the set of an element. */
const kindOf = (what: string): string =>
  what.startsWith("add element ") ? what.split(" ").slice(2, 5).join(" ") : (what.split(" ")[0] ?? what);
