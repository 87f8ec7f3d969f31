/** Runs a function under the lock of a file, as `lockDescriptor` gives it. */
import { closeSync, constants, openSync } from "node:fs";
import { lockDescriptor } from "../../../lib/linux/lock.ts";

export function withFileLock<T>(path: string, timeoutMs: number, fn: () => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_CREAT, 0o600);
  try {
    lockDescriptor(fd, path, timeoutMs);
    return fn();
  } finally {
    closeSync(fd);
  }
}
