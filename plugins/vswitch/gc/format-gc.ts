/** `vswitch gc` for people. Pure. */
import { formatTable } from "../format.ts";
import type { Collected } from "./gc.ts";
import type { Finding } from "./judge.ts";

export function formatCollected({ removed, left, failed }: Collected, dryRun: boolean): string {
  const rows = (verb: string, findings: readonly (Finding & { readonly error?: string })[]) =>
    findings.map(({ kind, name, why, error }) => [verb, kind, name, error ?? why]);
  const all = [
    ...rows(dryRun ? "would remove" : "removed", removed),
    ...rows("failed", failed),
    ...rows("left", left),
  ];
  return all.length === 0 ? "nothing is left behind" : formatTable(all);
}
