/** Runs a program of the system to its end. */

/** Where the system's own tools are, whatever PATH this process was given. */
export const toolPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface ProgramOptions {
  readonly input?: string;
  /** Default 20 000. The program is ended when it takes longer, and the call fails. */
  readonly timeoutMs?: number;
  /** Added to a bare environment of PATH alone. */
  readonly env?: Readonly<Record<string, string>>;
  /** Wraps the start, which is synchronous: `withinNamespace`. */
  readonly starting?: <T>(start: () => T) => T;
}

export interface ProgramOutcome {
  /** Without the line break at its end. */
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
}

/** How long a program may take to end by itself once it is told to, ms. */
const patience = 500;

/**
 * Whatever its exit code. Not by execa: that takes 3 ms of processor time more for each start, and 20 ms more to read
 * a ruleset that is printed.
 *
 * @throws {Error} when the time is up
 */
export async function runProgram(
  [program = "", ...words]: readonly string[],
  { input, timeoutMs = 20_000, env, starting = (start) => start() }: ProgramOptions = {},
): Promise<ProgramOutcome> {
  const start = () =>
    Bun.spawn({
      cmd: [Bun.which(program, { PATH: toolPath }) ?? program, ...words],
      env: { PATH: toolPath, ...env },
      stdin: input === undefined ? "ignore" : new TextEncoder().encode(input),
      stdout: "pipe",
      stderr: "pipe",
    });
  const child = starting(start);
  const printed = [new Response(child.stdout).text(), new Response(child.stderr).text()];
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), patience);
    void child.exited.then(() => clearTimeout(force));
    late.reject(new Error(`not done after ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    const whole = Promise.all([...printed, child.exited]);
    const [stdout = "", stderr = ""] = (await Promise.race([whole, late.promise])).map(String);
    return { stdout: trimmed(stdout), stderr: trimmed(stderr), exitCode: child.exitCode ?? undefined };
  } finally {
    clearTimeout(timer);
  }
}

const trimmed = (text: string): string => text.replace(/\n$/, "");
