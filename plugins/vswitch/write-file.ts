/** Writing a file that the user has named. */
import { type WriteFileOptions, writeFileSync } from "node:fs";
import { CniError, errorCode } from "../../lib/cni/error.ts";

/** @throws {CniError} 5 when it cannot be written */
export function writeFile(file: string, data: string | Uint8Array, options: WriteFileOptions = {}): void {
  try {
    writeFileSync(file, data, options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CniError(errorCode.ioFailure, `write ${file}: ${why}`, {
      reason: "file-failed",
      details: "name a file in a folder that exists and may be written to",
      cause,
    });
  }
}
