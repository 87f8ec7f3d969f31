/** Runs a script in a network namespace of its own, which goes with the process: the machine's own is never touched. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const enter = ["--net", "--mount"];
const asUser = ["--user", "--map-root-user", ...enter];

/** Arguments of `unshare` that work here, or why none do. */
function launcher(): readonly string[] | string {
  let why = "";
  for (const words of process.getuid?.() === 0 ? [enter, asUser] : [asUser]) {
    const tried = spawnSync("unshare", [...words, "ip", "link", "set", "lo", "up"], { encoding: "utf8" });
    if (tried.status === 0) return words;
    why = tried.stderr?.trim() || tried.error?.message || "unshare failed";
  }
  return `no network namespace can be made here: ${why}`;
}

const found = launcher();

/** Why the tests that need a namespace cannot run, or undefined. For `describe.skipIf` and its title. */
export const noNamespace: string | undefined = typeof found === "string" ? found : undefined;

/** `title`, and when it will be skipped why. */
export function titled(title: string): string {
  return noNamespace === undefined ? title : `${title} (skipped: ${noNamespace})`;
}

export interface ScriptOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param script path relative to this folder; @param wrapper words before bun, such as strace's */
export function runScript(script: string, wrapper: readonly string[] = []): ScriptOutcome {
  if (typeof found === "string") throw new Error(found);
  const words = [...found, ...wrapper, process.execPath, join(import.meta.dirname, script)];
  const { status, stdout, stderr } = spawnSync("unshare", words, { encoding: "utf8", timeout: 30_000 });
  return { exitCode: status, stdout, stderr };
}

/** What the script printed as JSON. @throws with its stderr when it failed */
export function runJson(script: string): unknown {
  const { exitCode, stdout, stderr } = runScript(script);
  if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}
