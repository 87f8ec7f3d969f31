/** Whether the state's folder could be written now, without writing. */
import { CniError, errorCode } from "../../lib/cni/error.ts";
import { nodeFs } from "../../lib/os/file.ts";
import { statFile } from "../../lib/os/stat.ts";

/** A folder that is not there yet must be one that can be made. @throws {CniError} 50 naming the folder */
export function requireUsableFolder(dataDir: string): void {
  if (!dataDir.startsWith("/")) return;
  let folder = dataDir;
  while (statFile(folder) === undefined) folder = folder.slice(0, folder.lastIndexOf("/")) || "/";
  try {
    const { accessSync, constants, statSync } = nodeFs();
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
