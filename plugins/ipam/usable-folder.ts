/** Whether the state's folder could be written now, without writing. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { CniError, errorCode } from "../../lib/cni/error.ts";

/** A folder that is not there yet must be one that can be made. @throws {CniError} 50 naming the folder */
export function requireUsableFolder(dataDir: string): void {
  if (!isAbsolute(dataDir)) return;
  let folder = dataDir;
  while (statSync(folder, { throwIfNoEntry: false }) === undefined) folder = dirname(folder);
  try {
    // For root too this says no on a read-only file system.
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (statSync(folder).isDirectory()) return;
  } catch (cause) {
    throw unusable(dataDir, folder, cause);
  }
  throw unusable(dataDir, folder);
}

function unusable(dataDir: string, folder: string, cause?: unknown): CniError {
  return new CniError(
    errorCode.notAvailable,
    `cannot keep leases in ${dataDir}: ${folder} cannot be written`,
    {
      reason: "state-unwritable",
      details: "mount it read-write, mend its rights, or set dataDir",
      cause,
    },
  );
}
