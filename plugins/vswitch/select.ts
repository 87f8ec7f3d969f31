/** Which endpoints a command is about. */
import { findEndpoint, type Named } from "./find-endpoint.ts";

/**
 * @param names of endpoints, or of networks for all that are on them; none: all
 * @returns in the order of the rows, each once. @throws {UsageError} for a name that fits none or several
 */
export function selectEndpoints<T extends Named>(names: readonly string[], rows: readonly T[]): readonly T[] {
  if (names.length === 0) return rows;
  const chosen = new Set(
    names.flatMap((name) => {
      const ofNetwork = rows.filter(({ network }) => network === name);
      return ofNetwork.length > 0 ? ofNetwork : [findEndpoint(name, rows)];
    }),
  );
  return rows.filter((row) => chosen.has(row));
}
