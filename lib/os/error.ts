/** Failed system calls, and how to tell one failure from another. */
import { type ErrnoName, errnoName } from "./errno.ts";

/** A system call that failed. `message` says which and on what. */
export class SystemCallError extends Error {
  readonly errno: number;
  readonly errnoName: string;
  /** The name once more, where errors of node:fs have it. */
  readonly code: string;

  constructor(call: string, errno: number, note = "") {
    const name = errnoName(errno);
    super(`${call}: ${name}${note && ` (${note})`}`);
    this.name = "SystemCallError";
    this.errno = errno;
    this.errnoName = name;
    this.code = name;
  }
}

/** Whether it is one of these failures, of netlink, of a system call or of node:fs. */
export function isErrno(error: unknown, ...names: readonly ErrnoName[]): boolean {
  if (!(error instanceof Error)) return false;
  const name = "errnoName" in error ? error.errnoName : "code" in error ? error.code : undefined;
  return names.some((wanted) => wanted === name);
}
