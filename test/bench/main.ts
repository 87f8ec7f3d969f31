/** `npm run bench`: our executables and Debian's reference plugins, side by side. `npm run bench -- --help` */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleaner } from "../system/host-cleaner.ts";
import { createFolder, namespaceLauncher, whyNoNamespaces } from "../system/namespaces.ts";
import { measureBreakdown } from "./breakdown.ts";
import { buildEmptyProgram } from "./floor.ts";
import { describeMachine, observeLoad } from "./machine.ts";
import { referenceBin } from "./networks.ts";
import { helpText, type Options, parseOptions } from "./options.ts";
import { createPair } from "./pair.ts";
import { takeExecutables } from "./private-bin.ts";
import { type Outcome, type Report, reportJson } from "./report.ts";
import type { Bench, Family } from "./row.ts";
import { atOnce } from "./rows/at-once.ts";
import { attach } from "./rows/attach.ts";
import { connect } from "./rows/connect.ts";
import { fullPool } from "./rows/full-pool.ts";
import { manyPorts } from "./rows/many-ports.ts";
import { memory } from "./rows/memory.ts";
import { throughput } from "./rows/throughput.ts";
import { formatReport } from "./table.ts";
import { judge } from "./verdict.ts";

const root = join(import.meta.dirname, "../..");
const families: readonly Family[] = [attach, atOnce, manyPorts, fullPool, memory, connect, throughput];
const names = [...families.flatMap(({ name, rows }) => [name, ...rows.map((row) => row.name)]), "breakdown"];

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, [...new Set(names)]);
  if (typeof options === "string") {
    process.stderr.write(`${options}\n\n${helpText([...new Set(names)])}\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(`${helpText([...new Set(names)])}\n`);
    return 0;
  }
  const missing = [`${root}/dist/bin/nat`, `${referenceBin}/bridge`, `${referenceBin}/portmap`].filter(
    (file) => !existsSync(file),
  );
  if (missing.length > 0) {
    process.stderr.write(`bench: ${missing.join(", ")} missing\n`);
    return 2;
  }
  const reason = whyNoNamespaces();
  return reason === undefined ? run(options) : insideOwnNamespaces(reason);
}

async function run(options: Options): Promise<number> {
  const dir = createFolder("bench");
  const remove = cleaner.add({ names: new Set(), dir });
  try {
    const bin = takeExecutables(join(root, "dist/bin"), join(dir, "bin"));
    const bench: Bench = { rounds: options.rounds, quick: options.quick, createPair: () => createPair(bin) };
    const chosen = (name: string) => options.only.length === 0 || options.only.includes(name);
    const outcomes: Outcome[] = [];
    for (const family of families) {
      const rows = chosen(family.name) ? family.rows : family.rows.filter((row) => chosen(row.name));
      if (rows.length > 0) outcomes.push(...(await measureFamily(bench, { ...family, rows })));
    }
    const report: Report = {
      date: new Date().toISOString(),
      machine: describeMachine(dir),
      rounds: options.rounds,
      quick: options.quick,
      outcomes,
      breakdown: chosen("breakdown") ? await measureBreakdown(bench, await buildEmptyProgram(dir)) : [],
    };
    writeFileSync(options.json, `${JSON.stringify(reportJson(report), null, 2)}\n`);
    process.stdout.write(`${formatReport(report)}\n`);
    return outcomes.every((outcome) => outcome.kind === "measured") ? 0 : 1;
  } finally {
    remove();
  }
}

/** A family that fails leaves the others their turn. */
async function measureFamily(bench: Bench, { name, rows, measure }: Family): Promise<readonly Outcome[]> {
  process.stderr.write(`${name} ... `);
  const started = performance.now();
  try {
    const before = await observeLoad();
    const measured = await measure(bench);
    const after = await observeLoad();
    process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0)} s\n`);
    const load = {
      loadAverage: Math.max(before.loadAverage, after.loadAverage),
      othersShare: (before.othersShare + after.othersShare) / 2,
    };
    return measured
      .filter(({ row }) => rows.includes(row))
      .map((one) => ({ kind: "measured", measured: one, judged: judge(one), load }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`failed: ${reason}\n`);
    return rows.map((row) => ({ kind: "failed", row, reason }));
  }
}

/** An ordinary user may be root of namespaces of his own. */
function insideOwnNamespaces(reason: string): number {
  const [program, ...words] = namespaceLauncher() ?? [];
  if (program === undefined) {
    process.stderr.write(`bench: ${reason}\n`);
    return 2;
  }
  const again = spawnSync(program, [...words, process.execPath, ...process.argv.slice(1)], {
    stdio: "inherit",
  });
  return again.status ?? 1;
}
