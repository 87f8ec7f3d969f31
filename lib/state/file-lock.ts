/** Locks between processes on files beside the state file (flock(2)); the kernel lets go of them when their holder dies. */
import { isErrno } from "../os/error.ts";
import { closeFile, O_CREAT, openFile } from "../os/file.ts";
import { systemCall } from "../os/libc.ts";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * @returns what lets go of it; undefined when another process holds it
 * @throws {SystemCallError} when there is no such folder, or it cannot be written
 */
export function holdFileLock(path: string): (() => void) | undefined {
  const fd = openFile(path, O_CREAT, 0o600);
  if (tryLock(fd, LOCK_EX)) return () => closeFile(fd);
  closeFile(fd);
  return undefined;
}

export function isFileLocked(path: string): boolean {
  let fd: number;
  try {
    fd = openFile(path);
  } catch {
    // Nobody ever made one here, or nobody may look.
    return false;
  }
  try {
    return !tryLock(fd, LOCK_SH);
  } finally {
    closeFile(fd);
  }
}

function tryLock(fd: number, kind: number): boolean {
  try {
    systemCall("lock a file", ({ flock }) => flock(fd, kind | LOCK_NB));
    return true;
  } catch (error) {
    if (isErrno(error, "EAGAIN")) return false;
    throw error;
  }
}
