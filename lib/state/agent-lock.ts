/** Whether an agent of this host keeps up the leases of a state file: it holds a lock beside it while it lives. */
import { holdFileLock, isFileLocked } from "./file-lock.ts";

const lockFile = (dataDir: string): string => `${dataDir}/agent.lock`;

/**
 * @returns what lets go of it; undefined when another agent holds it
 * @throws {SystemCallError} when there is no such folder, or it cannot be written
 */
export const holdAgentLock = (dataDir: string): (() => void) | undefined => holdFileLock(lockFile(dataDir));

export const isAgentAlive = (dataDir: string): boolean => isFileLocked(lockFile(dataDir));
