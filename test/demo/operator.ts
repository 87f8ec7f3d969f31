/** The operator's part: calls `vswitch` and shows what it prints. */
import { join, relative } from "node:path";
import type { Report } from "./report.ts";
import type { Stage } from "./story.ts";

export interface Call {
  readonly args: readonly string[];
  /** What its exit code means: `trace` has 0 delivered, 3 dropped, 5 kernel and model differ. */
  readonly exitCode: number;
  /** Words that its output must hold. */
  readonly holds: string;
}

/** @returns what it printed */
export function operate({ bin, report }: Pick<Stage, "bin" | "report">, dataDir: string, call: Call): string {
  const { args, exitCode, holds } = call;
  const started = performance.now();
  const child = Bun.spawnSync([join(bin, "vswitch"), ...args], {
    env: { VSWITCH_DATA_DIR: dataDir },
    stdout: "pipe",
    stderr: "pipe",
  });
  const ms = performance.now() - started;
  const printed = child.stdout.toString();
  const said = printed.includes(holds) ? holds : `${printed}${child.stderr}`.trim();
  report.claim({
    subject: `vswitch ${args[0]}`,
    detail: words(args.slice(1)),
    ms,
    expected: `exit code ${exitCode}, "${holds}"`,
    seen: `exit code ${child.exitCode}, "${said}"`,
    shown: `  ${holds}`,
  });
  return printed;
}

/** As one would type them. */
function words(args: readonly string[]): string {
  return args.map((arg) => (arg.startsWith("/") ? relative(process.cwd(), arg) : arg)).join(" ");
}

/** Its output below the claim. */
export function show(report: Report, text: string): void {
  report.block(text.trimEnd().replace(/^(?=.)/gm, "  "));
}
