/** What went wrong with the state file, in CNI's words. SQLite's result code or errno decides, never its text. */
import { CniError, errorCode } from "../cni/error.ts";
import { busyTimeoutMs } from "./sql.ts";

export function isSqliteError(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_");
}

/** SQLITE_CORRUPT, SQLITE_NOTADB and their extended codes. */
export function isCorruption(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

/** A statement that does not fit the tables: they are not ours any more, or the statement is wrong. */
export function isMisfit(error: unknown): boolean {
  return codeOf(error) === "SQLITE_ERROR";
}

/** @returns the error as the runtime shall see it; what does not come from the file passes through */
export function stateError(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (error instanceof CniError || code === "") return error;
  const text = error instanceof Error ? error.message : String(error);
  const cause = { cause: error };
  if (/^SQLITE_(BUSY|LOCKED)/.test(code))
    return new CniError(errorCode.tryAgainLater, `state file ${path} is locked by another process`, {
      ...cause,
      reason: "state-locked",
      details: `waited ${busyTimeoutMs / 1000} s; another plugin process holds it: try again`,
    });
  if (/^SQLITE_FULL$|^ENOSPC$|^EDQUOT$|^SQLITE_IOERR_(WRITE|SHMSIZE)/.test(code))
    return new CniError(errorCode.ioFailure, `no space left for state file ${path}`, {
      ...cause,
      reason: "state-disk-full",
      details: `${text}; nothing was changed. Free space on that file system`,
    });
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)|^E(ACCES|PERM|ROFS|NOTDIR|ISDIR)$/.test(code))
    return new CniError(errorCode.ioFailure, `cannot write state file ${path}: ${text}`, {
      ...cause,
      reason: "state-unwritable",
      details: "the folder must be writable for the user who runs the plugin: mend it or set dataDir",
    });
  if (isCorruption(error)) return corruptError(path, text, error);
  return new CniError(errorCode.ioFailure, `state file ${path}: ${text}`, { ...cause, reason: "state-io" });
}

function corruptError(path: string, text: string, cause: unknown): CniError {
  return new CniError(errorCode.stateCorrupt, `state file ${path} is damaged: ${text}`, {
    cause,
    reason: "state-corrupt",
    details: "it could not be set aside and rebuilt; move it away by hand",
  });
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
