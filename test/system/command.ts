/** Runs the system's own tools inside a namespace. Each command has a time limit. */
import { type Namespace, withinNamespace } from "./namespaces.ts";
import { type ProgramOptions, type ProgramOutcome, runProgram } from "./run-program.ts";

export type CommandOptions = Omit<ProgramOptions, "starting">;
export type CommandOutcome = ProgramOutcome;

/** The words that run a command inside the namespace; cgroup and other mounts stay as they are. */
export function enterWords(ns: Namespace, command: readonly string[]): readonly string[] {
  return ["nsenter", `--net=${ns.path}`, "--", ...command];
}

/** Runs a command inside a namespace to its end, whatever its exit code. @throws when the time is up */
export async function runIn(
  ns: Namespace,
  command: readonly string[],
  options?: CommandOptions,
): Promise<CommandOutcome> {
  try {
    return await runProgram(command, { ...options, starting: (start) => withinNamespace(ns, start) });
  } catch (error) {
    throw new Error(`${command.join(" ")} in ${ns.name}: ${error instanceof Error ? error.message : error}`);
  }
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
