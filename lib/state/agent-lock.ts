/** Whether an agent of this host keeps up the leases of a state file: it holds a lock beside it while it lives (flock(2)). */
import { isErrno } from "../os/error.ts";
import { closeFile, O_CREAT, openFile } from "../os/file.ts";
import { systemCall } from "../os/libc.ts";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

const lockFile = (dataDir: string): string => `${dataDir}/agent.lock`;

/**
 * @returns what lets go of it; undefined when another agent holds it
 * @throws {SystemCallError} when there is no such folder, or it cannot be written
 */
export function holdAgentLock(dataDir: string): (() => void) | undefined {
  const fd = openFile(lockFile(dataDir), O_CREAT, 0o600);
  if (tryLock(fd, LOCK_EX)) return () => closeFile(fd);
  closeFile(fd);
  return undefined;
}

export function isAgentAlive(dataDir: string): boolean {
  let fd: number;
  try {
    fd = openFile(lockFile(dataDir));
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
    systemCall("lock for the agent", ({ flock }) => flock(fd, kind | LOCK_NB));
    return true;
  } catch (error) {
    if (isErrno(error, "EAGAIN")) return false;
    throw error;
  }
}
