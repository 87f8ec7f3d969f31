/** Runs scenarios, several at once, each on its own host. */
import { createContext } from "./context.ts";
import { NotConcerned, type Scenario, Seen } from "./scenario.ts";
import type { Subject, Version } from "./target.ts";

/** One scenario, for one version where the version matters. */
export interface Job {
  readonly scenario: Scenario;
  readonly version: Version | undefined;
  /** Such as "T24 (0.4.0)". */
  readonly name: string;
}

export type Verdict =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly seen: string }
  | { readonly kind: "not applicable"; readonly why: string };

export interface Report {
  readonly job: Job;
  readonly verdict: Verdict;
  readonly elapsedMs: number;
}

/** The time one scenario may take. */
const scenarioTimeoutMs = 90_000;

/** One job per scenario, or per version of it that the target speaks. */
export function jobsOf(subject: Subject, scenarios: readonly Scenario[]): readonly Job[] {
  return scenarios.flatMap((scenario): readonly Job[] => {
    if (scenario.versions === undefined) return [{ scenario, version: undefined, name: scenario.id }];
    const spoken = scenario.versions.filter((version) => subject.versions.includes(version));
    return spoken.map((version) => ({ scenario, version, name: `${scenario.id} (${version})` }));
  });
}

/** Runs one job to its verdict; never throws for what the plugin does. */
export async function runJob(subject: Subject, job: Job): Promise<Report> {
  const started = performance.now();
  const report = (verdict: Verdict) => ({ job, verdict, elapsedMs: performance.now() - started });
  const applies = job.scenario.applies(subject);
  if (applies !== true) return report({ kind: "not applicable", why: applies });
  const context = await createContext(subject, job.version);
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => limit.reject(new Seen(`not done after ${scenarioTimeoutMs / 1000} s`)),
    scenarioTimeoutMs,
  );
  try {
    await Promise.race([job.scenario.run(context), limit.promise]);
    return report({ kind: "passed" });
  } catch (error) {
    if (error instanceof NotConcerned) return report({ kind: "not applicable", why: error.message });
    return report({ kind: "failed", seen: wordsOf(error) });
  } finally {
    clearTimeout(timer);
    await context.close();
  }
}

/** Runs jobs, `atOnce` of them together, and tells each report as it comes. Reports are in the order of the jobs. */
export async function runJobs(
  subject: Subject,
  jobs: readonly Job[],
  atOnce: number,
  tell: (report: Report) => void,
): Promise<readonly Report[]> {
  const reports: Report[] = [];
  const queue = jobs.map((job, at) => ({ job, at }));
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const report = await runJob(subject, next.job);
      reports[next.at] = report;
      tell(report);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return reports;
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Plain errors come from tools and sockets and say enough; others are faults of the suite itself.
  const plain = error instanceof Seen || error.constructor === Error;
  return plain ? error.message : (error.stack ?? error.message);
}
