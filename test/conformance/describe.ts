/** Shows the suite for one target as vitest tests: one line per plugin. */
import { describe, expect, it } from "vitest";
import { whyNoNamespaces } from "../system/namespaces.ts";
import { probe } from "./probe.ts";
import { jobsOf, runJob } from "./runner.ts";
import { scenarios } from "./scenarios.ts";
import type { Target } from "./target.ts";

/**
 * Declares a test per scenario; `await` it at the top of a test file.
 * Scenarios that do not concern the target are skipped with the reason in their title.
 */
export async function describeConformance(target: Target): Promise<void> {
  const reason = whyNoNamespaces();
  if (reason !== undefined) {
    describe.skip(`${target.name} conforms to CNI (${reason})`, () => {
      for (const { id, title } of scenarios) it(`${id}: ${title}`);
    });
    return;
  }
  const subject = await probe(target);
  describe.concurrent(`${target.name} conforms to CNI`, () => {
    const chosen = scenarios.filter(({ id }) => target.only?.test(id) ?? true);
    for (const job of jobsOf(subject, chosen)) {
      const applies = job.scenario.applies(subject);
      const title = `${job.name}: ${job.scenario.title}`;
      if (applies !== true) it.skip(`${title} (${applies})`);
      else {
        it(title, { timeout: 120_000 }, async ({ skip }) => {
          const { verdict } = await runJob(subject, job);
          if (verdict.kind === "not applicable") skip(verdict.why);
          const limit = target.knownLimits?.[job.scenario.id];
          if (limit !== undefined) {
            expect(verdict.kind, "the limit is gone: take it out of knownLimits").toBe("failed");
            skip(`known limit: ${limit}`);
          }
          expect(verdict.kind === "failed" ? verdict.seen : "").toBe("");
        });
      }
    }
  });
}
