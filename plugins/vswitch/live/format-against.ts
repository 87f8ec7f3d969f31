/** What the kernel of this host says beside the model, in the format of the trace. Pure. */
import type { TraceFormat } from "../trace/formats.ts";
import { endOf, type TraceView } from "../trace/view.ts";
import { exitCodeOf } from "../trace/words.ts";
import type { LiveView } from "./command.ts";
import { formatEntries } from "./format-entries.ts";
import { formatSideBySide } from "./format-live.ts";
import { disagrees } from "./live.ts";

/** @param name of the format; JSON has all of the view */
export function formatLiveView(
  view: LiveView,
  name: TraceFormat,
  format: (view: TraceView) => string,
): string {
  if (name === "json") return format(view);
  const { live, kernel } = view.against;
  return [
    format(view).trimEnd(),
    ...(live === undefined ? [] : [formatSideBySide(view.trace, live.result, live.comparison)]),
    ...(kernel === undefined ? [] : [formatEntries(kernel)]),
  ].join("\n\n");
}

/** 5 where the kernel is not as the model says; else that of the trace. */
export function liveExitCode(view: LiveView): number {
  return disagrees(view.against) ? 5 : exitCodeOf(endOf(view).verdict);
}
