/** A lock between processes on an open file (flock(2)); the kernel lets go of it when its holder dies. */
import { CniError, errorCode } from "../cni/error.ts";
import { isErrno } from "../os/error.ts";
import { systemCall } from "../os/libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;
const POLL_MS = 2;

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
