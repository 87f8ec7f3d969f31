/** Running one plugin process to its end. */
import type { Environment } from "./environment.ts";
import { CniError, errorCode } from "./error.ts";

export interface Execution {
  readonly stdout: Uint8Array;
  readonly stderr: string;
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
}

/** More output than any result has. */
const maxOutputBytes = 4 * 1024 * 1024;

/**
 * `Bun.spawnSync` and not node:child_process: loading the latter costs 2 to 3 ms in a compiled program.
 *
 * @param file a path with a slash, so that PATH is not searched
 * @throws {CniError} 112 when it does not start, is killed or prints too much, 11 when the time is up
 */
export function execute(file: string, env: Environment, stdin: string, timeoutMs: number): Execution {
  const child = start(file, env, stdin, timeoutMs);
  if (child.exitedDueToTimeout) {
    throw new CniError(errorCode.tryAgainLater, `${file} did not end within ${timeoutMs} ms and was killed`, {
      reason: "delegate-timeout",
    });
  }
  if (child.stdout.length > maxOutputBytes || child.stderr.length > maxOutputBytes) {
    throw failed(
      `${file} printed more than ${maxOutputBytes} bytes and was killed`,
      "delegate-output-too-large",
    );
  }
  if (child.signalCode) throw failed(`${file} was killed by ${child.signalCode}`, "delegate-killed");
  return { stdout: child.stdout, stderr: child.stderr.toString(), exitCode: child.exitCode };
}

function start(file: string, env: Environment, stdin: string, timeoutMs: number) {
  try {
    return Bun.spawnSync({
      cmd: [file],
      env: { ...env },
      stdin: new TextEncoder().encode(stdin),
      stdout: "pipe",
      stderr: "pipe",
      maxBuffer: maxOutputBytes,
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw failed(`${file} cannot be started: ${code}`, "delegate-not-started", error);
  }
}

const failed = (message: string, reason: string, cause?: unknown): CniError =>
  new CniError(errorCode.delegateFailed, message, { reason, cause });
