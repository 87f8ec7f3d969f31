/** Mends the attachments that something has changed, one after the other, and leaves those alone that do not stay mended. */
import type { HostChange } from "../../../lib/model/change.ts";
import { type Host, type LiveEndpoint, liveEndpoints } from "../host.ts";
import { type RepairReport, repairOne } from "../repair/repair.ts";
import { affected } from "./affected.ts";
import { attempt } from "./attempt.ts";
import type { Journal } from "./journal.ts";
import { isQuarrel, nextPatience, type Patience } from "./patience.ts";

export interface EndpointKeeper {
  /** @param changes what happened; those whose time has come again are looked at with it */
  look(host: Host, changes: readonly HostChange[] | "all", stopped: () => boolean): Promise<void>;
  /** When one is due again that was left alone, in milliseconds since 1970. */
  nextMs(): number;
}

/** Remembers who does not stay mended. */
export function endpointKeeper(resultsDir: string, log: Journal): EndpointKeeper {
  const patience = new Map<string, Patience>();
  const mend = (row: LiveEndpoint, host: Host): void => {
    const now = Date.now();
    const before = patience.get(row.key);
    if (before !== undefined && now < before.untilMs) return;
    // Whatever comes between, it is not looked at again at once.
    const failed = nextPatience(before, "differs still", now);
    if (failed !== undefined) patience.set(row.key, failed);
    const report = repairOne(row, host, { "dry-run": false, "results-dir": resultsDir });
    // DEL was at work: what was there a moment ago is gone on purpose.
    if (host.store.endpoints.get(row.key) === undefined) return void patience.delete(row.key);
    const next = nextPatience(before, report.verdict, now);
    if (next === undefined) patience.delete(row.key);
    else patience.set(row.key, next);
    log.report(report, quarrelOf(report, next));
  };
  return {
    async look(host, changes, stopped) {
      const rows = attempt(() => liveEndpoints(host), log) ?? [];
      const now = Date.now();
      const keys = changes === "all" ? new Set(rows.map(({ key }) => key)) : affected(changes, rows);
      for (const row of rows) {
        if (stopped()) return;
        const due = isDue(patience.get(row.key), now);
        if (due || keys.has(row.key)) attempt(() => mend(row, host), log);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const known = new Set(rows.map(({ key }) => key));
      for (const key of patience.keys()) if (!known.has(key)) patience.delete(key);
    },
    nextMs: () => Math.min(...[...patience.values()].filter(waits).map(({ untilMs }) => untilMs)),
  };
}

/** Whether it is left alone for a while. */
const waits = ({ untilMs, lastMs }: Patience): boolean => untilMs > lastMs;

const isDue = (patience: Patience | undefined, nowMs: number): boolean =>
  patience !== undefined && waits(patience) && patience.untilMs <= nowMs;

function quarrelOf({ verdict }: RepairReport, patience: Patience | undefined): number | undefined {
  if (verdict !== "mended" || patience === undefined || !isQuarrel(patience)) return undefined;
  return Math.round((patience.untilMs - patience.lastMs) / 1000);
}
