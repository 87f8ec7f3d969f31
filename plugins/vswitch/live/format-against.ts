/** What the kernel of this host says beside the model, in the format of the trace. Pure. */
import type { TraceView } from "../trace/view.ts";
import { formatEntries } from "./format-entries.ts";
import { formatSideBySide } from "./format-live.ts";
import type { Against } from "./live.ts";

export function formatAgainst({ trace }: TraceView, { live, kernel }: Against): string {
  return [
    ...(live === undefined ? [] : [formatSideBySide(trace, live.result, live.comparison)]),
    ...(kernel === undefined ? [] : [formatEntries(kernel)]),
  ].join("\n\n");
}
