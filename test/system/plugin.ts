/** Calls a CNI executable the way a runtime does: literal environment, configuration on standard input. */
import { type ChildProcess, spawn } from "node:child_process";
import { type Namespace, withinNamespace } from "./namespaces.ts";
import { toolPath } from "./run-program.ts";

export interface PluginCall {
  /** CNI_COMMAND; leave it out to set none. */
  readonly verb?: string;
  /** The whole environment of the process: nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text or bytes as they are, any other value as JSON, undefined for an empty input. */
  readonly stdin?: unknown;
  /** Leave standard input open and never close it. */
  readonly holdStdin?: boolean;
  /** Write standard input only when this has come about, though the process is started at once. */
  readonly stdinAfter?: Promise<unknown>;
  /** Words put before the executable inside the namespace, such as `["sh", "-c", "ulimit -n 20; exec \"$@\"", "sh"]`. */
  readonly wrap?: readonly string[];
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Send this signal so many milliseconds after the start. */
  readonly kill?: { readonly signal: NodeJS.Signals; readonly afterMs: number };
  /** "closed": the reader is gone before the plugin writes. Default "pipe". */
  readonly stdout?: "pipe" | "closed";
  /** Default 30 000; then it is killed and `timedOut` is true. */
  readonly timeoutMs?: number;
}

export interface PluginOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** From start to exit, the entering of the namespace (a tenth of a millisecond) included. */
  readonly elapsedMs: number;
  readonly timedOut: boolean;
  /** The process ended but something it started keeps standard output or error open (waited 1 s). */
  readonly pipesHeld: boolean;
}

/** Runs `exe` inside the namespace `ns`, which is the host as the plugin sees it. */
export function runPlugin(ns: Namespace, exe: string, call: PluginCall): Promise<PluginOutcome> {
  const [program = "", ...words] = [...(call.wrap ?? []), exe, ...(call.args ?? [])];
  const env = { ...call.env, ...(call.verb === undefined ? {} : { CNI_COMMAND: call.verb }) };
  const started = performance.now();
  const path = Bun.which(program, { PATH: toolPath }) ?? program;
  const child = withinNamespace(ns, () =>
    spawn(path, words, { env, cwd: call.cwd ?? "/", stdio: ["pipe", "pipe", "pipe"] }),
  );
  if (call.stdout === "closed") child.stdout.destroy();
  feed(child, call);
  return outcomeOf(child, started, call);
}

function feed(child: ChildProcess, call: PluginCall): void {
  // A plugin that ends without reading leaves EPIPE here, which is its right.
  child.stdin?.on("error", () => {});
  if (call.holdStdin === true) return;
  const write = () => child.stdin?.end(stdinBytes(call.stdin));
  if (call.stdinAfter === undefined) write();
  else void call.stdinAfter.then(write, write);
}

function stdinBytes(value: unknown): string | Uint8Array {
  if (value === undefined) return "";
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  return JSON.stringify(value);
}

function outcomeOf(child: ChildProcess, started: number, call: PluginCall): Promise<PluginOutcome> {
  const out = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout?.on("data", (part: Buffer) => out.stdout.push(part));
  child.stderr?.on("data", (part: Buffer) => out.stderr.push(part));
  const seen = { timedOut: false, elapsedMs: 0 };
  return new Promise((resolve, reject) => {
    const timers = [
      setTimeout(() => {
        seen.timedOut = true;
        child.kill("SIGKILL");
      }, call.timeoutMs ?? 30_000),
    ];
    const { kill } = call;
    if (kill !== undefined) timers.push(setTimeout(() => child.kill(kill.signal), kill.afterMs));
    const finish = (pipesHeld: boolean) => {
      for (const timer of timers) clearTimeout(timer);
      resolve({
        stdout: Buffer.concat(out.stdout).toString("utf8"),
        stderr: Buffer.concat(out.stderr).toString("utf8"),
        exitCode: child.exitCode ?? undefined,
        signal: child.signalCode ?? undefined,
        elapsedMs: seen.elapsedMs,
        timedOut: seen.timedOut,
        pipesHeld,
      });
    };
    child.on("error", reject);
    child.on("exit", () => {
      seen.elapsedMs = performance.now() - started;
      timers.push(
        setTimeout(() => {
          child.stdout?.destroy();
          child.stderr?.destroy();
          finish(true);
        }, 1_000),
      );
    });
    child.on("close", () => finish(false));
  });
}
