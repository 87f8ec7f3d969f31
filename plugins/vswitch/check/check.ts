/** `vswitch check`: every endpoint, and the rows of other hosts, as planned against what is there. */
import type { Difference } from "../../../lib/model/compare.ts";
import { diff } from "../../../lib/model/diff.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import { type BeyondRepair, beyondRepair } from "../../../lib/model/repair.ts";
import { readBootMs } from "../../../lib/state/boot-id.ts";
import type { EndpointRow } from "../../../lib/state/rows.ts";
import { afterChain } from "../../../lib/verbs/check.ts";
import { cachedResult } from "../cached-result.ts";
import { type Host, withHost } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import { selectEndpoints } from "../select.ts";
import type { Session } from "../terminal.ts";
import { formatReport } from "./format-check.ts";
import { rowReports } from "./rows.ts";

export interface CheckOptions extends CommonOptions {
  /** Endpoints and networks; empty: all. */
  readonly targets: readonly string[];
  /** Folder of libcni's results. */
  readonly "results-dir": string;
}

export interface CheckReport {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly key: string;
  readonly verdict: "as planned" | "differs" | "not checked";
  readonly differences: readonly Difference[];
  /** Why it was not checked. */
  readonly why?: string;
  /** Where repair does not help: what does. */
  readonly beyondRepair?: BeyondRepair;
}

/** Exit code 1 when anything differs. */
export async function check(options: CheckOptions, session: Session): Promise<void> {
  const warn = (text: string): void => session.complain(`vswitch: ${text}`);
  const { endpoints, rows } = await withHost({ dataDir: options["data-dir"], warn }, (host) => {
    const chosen = selectEndpoints(options.targets, host.store.endpoints.list());
    const reports = chosen.map((row) => checkOne(row, host, options["results-dir"]));
    const checked = reports.filter(({ verdict }) => verdict !== "not checked");
    return { endpoints: reports, rows: rowReports(host, new Set(checked.map(({ network }) => network))) };
  });
  const all = [...endpoints, ...rows];
  session.print(options.json ? JSON.stringify(all, null, 2) : formatReport(endpoints, rows));
  if (all.some(({ verdict }) => verdict === "differs")) session.exitWith(1);
}

export function checkOne(row: EndpointRow, host: Host, resultsDir: string): CheckReport {
  const { network, containerId, ifname, key } = row;
  const who = { network, containerId, ifname, key };
  const why = whyNotChecked(row, host.bootId);
  const plan = row.plan === null ? undefined : wantedPlan(row.plan, resultsDir);
  if (why !== undefined || plan === undefined)
    return { ...who, verdict: "not checked", differences: [], ...(why === undefined ? {} : { why }) };
  const facts = host.backend.observe(plan);
  const differences = diff(plan, facts);
  if (differences.length === 0) return { ...who, verdict: "as planned", differences };
  const beyond = beyondRepair(plan, facts);
  return {
    ...who,
    verdict: "differs",
    differences,
    ...(beyond === undefined ? {} : { beyondRepair: beyond }),
  };
}

/** Nothing can be said of these. */
export function whyNotChecked(row: EndpointRow, bootId: string): string | undefined {
  if (row.bootId !== bootId) return "of an earlier boot: vswitch gc removes it";
  if (row.phase === "adding")
    return "its ADD has not come to its end: it is at work, or vswitch gc removes it";
  if (row.plan === null)
    return "the state was rebuilt from the kernel, which does not tell what was planned: restart the container";
  return undefined;
}

/** The plan with what later plugins of the chain changed on purpose. */
export function wantedPlan(plan: Plan, resultsDir: string): Plan {
  const result = cachedResult(resultsDir, plan.owner, readBootMs(Date.now()));
  return result === undefined ? plan : afterChain(plan, result);
}
