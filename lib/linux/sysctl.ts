/** Settings below /proc/sys/net, of the network namespace in which the calling thread is. */
import { CniError, errorCode } from "../cni/error.ts";
import { isErrno, SystemCallError } from "../os/error.ts";
import { readText, writeText } from "../os/file.ts";

const ROOT = "/proc/sys/net";

/**
 * A key below `net`, one string per level: ["ipv6", "conf", "eth0.100", "accept_ra"]. Never a dotted key, because
 * interface names contain dots.
 */
export type SysctlKey = readonly string[];

/**
 * @returns the value without the newline; undefined when the kernel has no such key (no IPv6, no such interface)
 * @throws {RangeError} for a level that is no plain file name
 * @throws {CniError} 5 `sysctl`
 */
export function readSysctl(key: SysctlKey): string | undefined {
  const path = sysctlPath(key);
  try {
    return readText(path).trimEnd();
  } catch (cause) {
    if (isErrno(cause, "ENOENT")) return undefined;
    throw failure(`read ${path}`, cause);
  }
}

/**
 * Sets a key unless it has the value already, so that a read-only /proc/sys with the right values will do.
 * @returns the value before, for undoing
 * @throws {RangeError} for a level that is no plain file name
 * @throws {CniError} 5 `sysctl`: absent, read-only or refused
 */
export function writeSysctl(key: SysctlKey, value: string): string {
  const path = sysctlPath(key);
  const before = readSysctl(key);
  if (before === undefined) throw failure(`set ${path} to ${value}: no such key`, undefined);
  if (before === value) return before;
  try {
    writeText(path, value);
  } catch (cause) {
    throw failure(`set ${path} from ${before} to ${value}`, cause);
  }
  return before;
}

function sysctlPath(key: SysctlKey): string {
  if (key.length === 0) throw new RangeError("an empty sysctl key");
  for (const level of key) {
    if (level === "" || level === "." || level === ".." || /[/\0\s]/.test(level)) {
      throw new RangeError(`not a level of a sysctl key: ${JSON.stringify(level)}`);
    }
  }
  return `${ROOT}/${key.join("/")}`;
}

function failure(what: string, cause: unknown): CniError {
  const why = cause instanceof SystemCallError ? `: ${cause.errnoName}` : "";
  const readOnly = isErrno(cause, "EROFS", "EACCES", "EPERM");
  return new CniError(errorCode.ioFailure, `${what}${why}`, {
    reason: "sysctl",
    ...(readOnly ? { details: "/proc/sys must be writable where the plugin runs" } : {}),
    ...(cause === undefined ? {} : { cause }),
  });
}
