/** The command of a run: in its compartment, with our terminal. */
import type { ToolBackend } from "../../../lib/seam/tool-backend.ts";
import { type Signals, signalExitCode } from "./signals.ts";

/** As shells have it. */
const notFound = 127;
const notExecutable = 126;

export interface CommandRun {
  readonly command: readonly string[];
  /** Path of the compartment. */
  readonly netns: string;
  readonly env: Readonly<Record<string, string>>;
}

/** @returns its exit code, that of a shell where it did not start or was ended by a signal */
export async function runCommand(
  { command, netns, env }: CommandRun,
  backend: Pick<ToolBackend, "inCompartment">,
  signals: Signals,
  complain: (text: string) => void,
): Promise<number> {
  try {
    const child = backend.inCompartment(netns, () => start(command, env));
    signals.forwardTo(child);
    await child.exited;
    return child.signalCode === null ? (child.exitCode ?? 1) : signalExitCode(child.signalCode);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    complain(
      `vswitch: cannot start ${command[0]}: ${error instanceof Error ? error.message : String(error)}`,
    );
    return code === "ENOENT" ? notFound : notExecutable;
  }
}

/** A child is in the compartment in which its parent was when it was made. */
function start(command: readonly string[], env: Readonly<Record<string, string>>) {
  return Bun.spawn({
    cmd: [...command],
    env: { ...process.env, ...env },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  });
}
