/** Runs of `vswitch run` whose process was killed. */
import type { ToolBackend } from "../../../lib/seam/tool-backend.ts";
import { isRunning, listRecords } from "../run/record.ts";
import { removeRun } from "../run/remove-run.ts";
import type { Finding } from "./judge.ts";

/** @returns each with what removes it: the whole chain of its configuration */
export function deadRuns(
  backend: Pick<ToolBackend, "removeCompartment" | "compartmentExists">,
  network: string | undefined,
): readonly (Finding & { readonly remove: () => Promise<void> })[] {
  const all = listRecords().filter((record) => network === undefined || record.network === network);
  return all.flatMap((record) => {
    const gone = !backend.compartmentExists(record.attachment.netns);
    if (isRunning(record) || (record.keep && !gone)) return [];
    const why = record.keep ? "its compartment is gone" : `its process ${record.pid} is gone`;
    return [{ kind: "run", name: record.id, why, remove: () => removeRun(record, backend) } as const];
  });
}
