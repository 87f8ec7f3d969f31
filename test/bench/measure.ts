/** One run: every chosen row, then the single processes. */
import { join } from "node:path";
import { cleaner } from "../system/host-cleaner.ts";
import { createFolder } from "../system/namespaces.ts";
import { measureBreakdown } from "./breakdown.ts";
import { breakdownName, families } from "./families.ts";
import { buildFloorProgram } from "./floor.ts";
import { describeMachine, type Load, observeLoad } from "./machine.ts";
import type { Options } from "./options.ts";
import { createPair } from "./pair.ts";
import { takeExecutables } from "./private-bin.ts";
import { measureProfiles } from "./profile.ts";
import type { Outcome, Report } from "./report.ts";
import type { Bench, Family } from "./row.ts";
import { judge } from "./verdict.ts";

/** @param executables folder with our executables; they are taken from there at once */
export async function measureAll(options: Options, executables: string): Promise<Report> {
  const dir = createFolder("bench");
  const remove = cleaner.add({ names: new Set(), dir });
  try {
    const bin = takeExecutables(executables, join(dir, "bin"));
    const bench: Bench = { ...options, createPair: (lan) => createPair(bin, lan) };
    const chosen = (name: string) => options.only.length === 0 || options.only.includes(name);
    const outcomes: Outcome[] = [];
    for (const family of families) {
      const rows = chosen(family.name) ? family.rows : family.rows.filter((row) => chosen(row.name));
      if (rows.length > 0) outcomes.push(...(await measureFamily(bench, { ...family, rows })));
    }
    const single = chosen(breakdownName) || options.profile ? await measureSingle(bench, dir) : {};
    return {
      date: new Date().toISOString(),
      machine: describeMachine(dir),
      rounds: options.rounds,
      quick: options.quick,
      residents: options.residents,
      outcomes,
      breakdown: [],
      profiles: [],
      ...single,
    };
  } finally {
    remove();
  }
}

/** A family that fails leaves the others their turn. */
async function measureFamily(bench: Bench, { name, rows, measure }: Family): Promise<readonly Outcome[]> {
  const done = await attempt(name, async () => {
    const { result, load } = await underLoad(() => measure(bench));
    return result
      .filter(({ row }) => rows.includes(row))
      .map((one): Outcome => ({ kind: "measured", measured: one, judged: judge(one), load }));
  });
  return typeof done === "string" ? rows.map((row) => ({ kind: "failed", row, reason: done })) : done;
}

async function measureSingle(bench: Bench, dir: string): Promise<Partial<Report>> {
  const done = await attempt(breakdownName, async () => {
    const empty = await buildFloorProgram("empty", dir);
    const { result: breakdown, load: breakdownLoad } = await underLoad(() => measureBreakdown(bench, empty));
    return { breakdown, breakdownLoad, profiles: await measureProfiles(bench) };
  });
  return typeof done === "string" ? { breakdownFailed: done } : done;
}

/** Looks at what others do before and after. */
async function underLoad<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly load: Load }> {
  const before = await observeLoad();
  const result = await work();
  const after = await observeLoad();
  const load = {
    loadAverage: Math.max(before.loadAverage, after.loadAverage),
    othersShare: (before.othersShare + after.othersShare) / 2,
  };
  return { result, load };
}

/** Shows progress. @returns what the work gave, or why it failed, as text */
async function attempt<T extends object>(title: string, work: () => Promise<T>): Promise<T | string> {
  process.stderr.write(`${title} ... `);
  const started = performance.now();
  try {
    const result = await work();
    process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0)} s\n`);
    return result;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`failed: ${reason}\n`);
    return reason;
  }
}
