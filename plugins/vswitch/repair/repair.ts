/** `vswitch repair`: makes endpoints again what was planned, while their containers run. */
import type { Repair } from "../../../lib/seam/tool-backend.ts";
import type { EndpointRow } from "../../../lib/state/rows.ts";
import { wantedPlan, whyNotChecked } from "../check/check.ts";
import { type Host, liveEndpoints, withHost } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import { selectEndpoints } from "../select.ts";
import type { Session } from "../terminal.ts";
import { formatRepairs } from "./format-repair.ts";
import { messageOf } from "./message-of.ts";
import { repairRows } from "./rows.ts";
import { isFine, type Verdict } from "./verdict.ts";

export interface RepairOptions extends CommonOptions {
  /** Endpoints and networks; empty: all. */
  readonly targets: readonly string[];
  readonly "dry-run": boolean;
  /** Folder of libcni's results. */
  readonly "results-dir": string;
}

export interface RepairReport extends Partial<Omit<Repair, "failure">> {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly key: string;
  readonly verdict: Verdict;
  /** Why it was not checked, or what failed. */
  readonly why?: string;
}

/** Exit code 1 when something differs still; of a dry run when anything differs. */
export async function repair(options: RepairOptions, session: Session): Promise<void> {
  const warn = (text: string): void => session.complain(`vswitch: ${text}`);
  const { endpoints, rows } = await withHost({ dataDir: options["data-dir"], warn }, (host) => {
    const chosen = selectEndpoints(options.targets, host.store.endpoints.list());
    const mended = chosen.map((row) => repairOne(row, host, options));
    return { endpoints: mended, rows: repairRows(host, networksOf(mended), options["dry-run"]) };
  });
  const all = [...endpoints, ...rows];
  session.print(options.json ? JSON.stringify(all, null, 2) : formatRepairs(endpoints, rows));
  if (all.some(({ verdict }) => !isFine(verdict))) session.exitWith(1);
}

/** Whose rows may differ. @returns undefined for all: with a switch or the rules those of other networks may have been lost */
function networksOf(reports: readonly RepairReport[]): ReadonlySet<string> | undefined {
  if (reports.some(({ steps = [] }) => steps.length > 0)) return undefined;
  return new Set(reports.filter(({ verdict }) => verdict !== "not checked").map(({ network }) => network));
}

/**
 * As it is by now: while those before it were looked at, DEL may have come, or its switch have lost an address. Never throws
 * for what is wrong with one endpoint: the others have their turn.
 */
export function repairOne(
  seen: EndpointRow,
  host: Host,
  options: Pick<RepairOptions, "dry-run" | "results-dir">,
): RepairReport {
  const { network, containerId, ifname, key } = seen;
  const who = { network, containerId, ifname, key };
  const dryRun = options["dry-run"];
  try {
    const row = host.store.endpoints.get(key);
    if (row === undefined) return { ...who, verdict: "not checked", why: "it is gone by now" };
    const why = whyNotChecked(row, host.bootId);
    if (why !== undefined || row.plan === null)
      return { ...who, verdict: "not checked", ...(why === undefined ? {} : { why }) };
    const done = host.backend.repair(wantedPlan(row.plan, options["results-dir"]), {
      dryRun,
      exclusively: (fn) => host.store.transaction(fn),
      others: () => liveEndpoints(host).map(({ plan }) => plan),
    });
    const { failure, ...told } = done;
    const failed = failure === undefined ? {} : { why: messageOf(failure) };
    return { ...who, ...told, ...failed, verdict: verdictOf(done, dryRun) };
  } catch (error) {
    return { ...who, verdict: "differs still", why: messageOf(error) };
  }
}

function verdictOf({ before, after, beyond }: Repair, dryRun: boolean): Verdict {
  if (before.length === 0) return "as planned";
  if (beyond !== undefined) return "beyond repair";
  if (dryRun) return "would be mended";
  return after.length === 0 ? "mended" : "differs still";
}
