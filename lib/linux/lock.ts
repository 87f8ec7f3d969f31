/** A lock between processes, held by a file (flock(2)); the kernel lets go of it when its holder dies. */
import { closeSync, constants, openSync } from "node:fs";
import { CniError, errorCode } from "../cni/error.ts";
import { isErrno } from "../os/error.ts";
import { systemCall } from "../os/libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;
const POLL_MS = 2;

/**
 * Runs `fn` while no other process holds the lock. The file is made when absent and never removed: whoever removed
 * it could take away the lock of a process that waits for it.
 * @param fn synchronous
 * @throws {CniError} 11 `lock-timeout` when somebody else holds it for `timeoutMs`; 5 `lock-file` when the file cannot
 *   be opened or locked
 */
export function withFileLock<T>(path: string, timeoutMs: number, fn: () => T): T {
  const fd = openLock(path);
  try {
    lockDescriptor(fd, path, timeoutMs);
    return fn();
  } finally {
    closeSync(fd);
  }
}

function openLock(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_CREAT, 0o600);
  } catch (cause) {
    throw new CniError(errorCode.ioFailure, `open the lock file ${path}: ${String(cause)}`, {
      reason: "lock-file",
      cause,
    });
  }
}

/**
 * Locks an open file, a network namespace for instance, until its descriptor is closed.
 * @param path for messages
 * @throws {CniError} 11 `lock-timeout`, 5 `lock-file`
 */
export function lockDescriptor(fd: number, path: string, timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs;
  while (!tryLock(fd, path)) {
    if (performance.now() >= deadline) {
      throw new CniError(
        errorCode.tryAgainLater,
        `lock ${path}: another process held it for ${timeoutMs} ms`,
        {
          reason: "lock-timeout",
          details: `"lslocks | grep ${path}" names the holder`,
        },
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
}

function tryLock(fd: number, path: string): boolean {
  try {
    systemCall(`lock ${path}`, ({ flock }) => flock(fd, LOCK_EX | LOCK_NB));
    return true;
  } catch (cause) {
    if (isErrno(cause, "EAGAIN")) return false;
    throw new CniError(errorCode.ioFailure, String(cause), { reason: "lock-file", cause });
  }
}
