/** Runs the system's own tools inside a namespace. Each command has a time limit. */
import { execa } from "execa";
import { type Namespace, toolPath } from "./namespaces.ts";

export interface CommandOptions {
  readonly input?: string;
  /** Default 20 000. The command is killed when it takes longer, and the call fails. */
  readonly timeoutMs?: number;
  /** Added to a bare environment of PATH alone. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandOutcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
}

/** The words that run a command inside the namespace; cgroup and other mounts stay as they are. */
export function enterWords(ns: Namespace, command: readonly string[]): readonly string[] {
  return ["nsenter", `--net=${ns.path}`, "--", ...command];
}

/** Runs a command inside a namespace to its end, whatever its exit code. @throws when the time is up */
export async function runIn(
  ns: Namespace,
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const [program = "", ...words] = enterWords(ns, command);
  const timeoutMs = options.timeoutMs ?? 20_000;
  const done = await execa(program, words, {
    reject: false,
    extendEnv: false,
    env: { PATH: toolPath, ...options.env },
    timeout: timeoutMs,
    forceKillAfterDelay: 500,
    maxBuffer: 64 * 1024 * 1024,
    ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
  });
  if (done.timedOut) throw new Error(`${command.join(" ")} in ${ns.name}: not done after ${timeoutMs} ms`);
  return { stdout: done.stdout, stderr: done.stderr, exitCode: done.exitCode };
}

/** As `runIn`, giving standard output. @throws with the tool's own words when the exit code is not 0 */
export async function execIn(ns: Namespace, command: readonly string[], options?: CommandOptions) {
  const done = await runIn(ns, command, options);
  if (done.exitCode !== 0) {
    const said = (done.stderr || done.stdout).trim();
    throw new Error(`${command.join(" ")} in ${ns.name}: exit ${done.exitCode ?? "by signal"}: ${said}`);
  }
  return done.stdout;
}
