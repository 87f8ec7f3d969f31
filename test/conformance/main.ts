/** `npm run conformance -- --plugin EXECUTABLE --conf FILE`: judges one CNI plugin and prints a scorecard. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { namespaceLauncher, whyNoNamespaces } from "../system/namespaces.ts";
import { helpText, type Options, parseOptions } from "./options.ts";
import { probe } from "./probe.ts";
import { jobsOf, runJobs } from "./runner.ts";
import { scenarios } from "./scenarios.ts";
import { countsOf, formatReport, formatScorecard, scorecardJson } from "./scorecard.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words);
  if (typeof options === "string") {
    process.stderr.write(`${options}\n\n${helpText}\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(`${helpText}\n`);
    return 0;
  }
  const reason = whyNoNamespaces();
  return reason === undefined ? judge(options) : insideOwnNamespaces(reason);
}

async function judge(options: Options): Promise<number> {
  const started = performance.now();
  const subject = await probe(options.target);
  const chosen = scenarios.filter(
    (scenario) => options.only.length === 0 || options.only.includes(scenario.id),
  );
  const progress = (line: string) => process.stderr.write(`${line}\n`);
  const reports = await runJobs(subject, jobsOf(subject, chosen), options.atOnce, (report) =>
    progress(formatReport(report).split("\n", 1)[0] ?? ""),
  );
  const elapsedMs = performance.now() - started;
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(scorecardJson(subject, reports, elapsedMs), null, 2)}\n`);
  }
  process.stdout.write(`${formatScorecard(subject, reports, elapsedMs)}\n`);
  return countsOf(reports).failed === 0 ? 0 : 1;
}

/** An ordinary user may be root of namespaces of his own. */
function insideOwnNamespaces(reason: string): number {
  const [program, ...words] = namespaceLauncher() ?? [];
  if (program === undefined) {
    process.stderr.write(`${reason}\n`);
    return 2;
  }
  const again = spawnSync(program, [...words, process.execPath, ...process.argv.slice(1)], {
    stdio: "inherit",
  });
  return again.status ?? 1;
}
