/** Long-lived helper processes of a test (servers, captures), with events instead of waiting times. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Namespace, withinNamespace } from "./namespaces.ts";
import { toolPath } from "./run-program.ts";

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** Every line printed so far on standard output and standard error. */
  readonly lines: readonly string[];
  /** Resolves with the first line, past or coming, that satisfies the test. @throws when time is up or it ends */
  line(test: (line: string) => boolean, what: string, timeoutMs?: number): Promise<string>;
  /** Resolves with its exit code once it has ended by itself; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Ends the process (SIGTERM, then SIGKILL) and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts a program inside a namespace and keeps its lines. */
export function startIn(
  ns: Namespace,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Child {
  const [program = "", ...words] = command;
  const child = withinNamespace(ns, () =>
    spawn(Bun.which(program, { PATH: toolPath }) ?? program, words, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: toolPath, ...env },
    }),
  );
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const state = { ended: false };
  const wake = () => {
    for (const check of [...waiting]) check();
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      wake();
    });
  }
  const gone = new Promise<number | null>((resolve) => {
    child.on("close", (code) => {
      state.ended = true;
      wake();
      resolve(code);
    });
    child.on("error", (error) => lines.push(String(error)));
  });
  const stop = () => stopChild(child, gone);
  const line: Child["line"] = (test, what, timeoutMs = 10_000) =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        waiting.delete(check);
        act();
      };
      const fail = (why: string) =>
        settle(() =>
          reject(new Error(`${command.join(" ")}: ${what}: ${why}; printed: ${lines.join(" | ")}`)),
        );
      const check = () => {
        const found = lines.find(test);
        if (found !== undefined) settle(() => resolve(found));
        else if (state.ended) fail("it ended");
      };
      const timer = setTimeout(() => fail(`not seen in ${timeoutMs} ms`), timeoutMs);
      waiting.add(check);
      check();
    });
  return { pid: child.pid ?? -1, lines, line, ended: gone, stop, [Symbol.asyncDispose]: stop };
}

async function stopChild(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), 1_000);
  await gone;
  clearTimeout(force);
}
