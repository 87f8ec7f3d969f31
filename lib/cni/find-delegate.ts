/** Where the executable of a delegated plugin is (CNI 1.1 "Delegated Plugin Execution"). */
import { type FileStat, statFile } from "../os/stat.ts";
import { CniError, errorCode } from "./error.ts";
import { isPluginType } from "./netconf.ts";

export interface Delegate {
  readonly type: string;
  readonly file: string;
}

/**
 * The first regular file of that name in the folders of CNI_PATH.
 *
 * @throws {CniError} 7 when `type` is no plain name, 4 when there is no CNI_PATH, 106 naming type and folders otherwise
 */
export function findDelegate(type: string, path: readonly string[]): Delegate {
  if (!isPluginType(type)) {
    throw new CniError(errorCode.invalidConfig, `${JSON.stringify(type)} is not the name of a plugin`, {
      reason: "delegate-name-invalid",
      details: "a plugin is named without folders and looked for in CNI_PATH",
    });
  }
  if (path.length === 0) {
    throw new CniError(
      errorCode.invalidEnvironment,
      `CNI_PATH is missing, needed to find the plugin ${type}`,
      {
        reason: "environment-invalid",
      },
    );
  }
  for (const folder of path) {
    const file = `${folder}/${type}`;
    if (stat(file)?.isFile) return { type, file };
  }
  throw new CniError(
    errorCode.dependencyMissing,
    `plugin ${type} not found in CNI_PATH [${path.join(", ")}]`,
    {
      reason: "delegate-not-found",
      details: "install it into one of these folders as a regular file",
    },
  );
}

/** Whether two paths lead to one file: links are followed, device and inode compared. */
export function sameFile(a: string, b: string): boolean {
  const [x, y] = [stat(a), stat(b)];
  return x !== undefined && y !== undefined && x.device === y.device && x.inode === y.inode;
}

function stat(file: string): FileStat | undefined {
  try {
    return statFile(file);
  } catch {
    return undefined;
  }
}
