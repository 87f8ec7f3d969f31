/** Who this host is to others. */
import { CniError, errorCode } from "../cni/error.ts";
import { nodeUid } from "../directory/identity.ts";
import { isName } from "../directory/keys.ts";
import { isErrno } from "../os/error.ts";
import { readText } from "../os/file.ts";

/**
 * The content of DATADIR/node-id where an administrator made that file (for clones that share a machine-id, and images
 * without one); else it follows from /etc/machine-id and the folder. Losing the state file does not change it.
 *
 * @throws {CniError} 106 `machine-id-missing`, 7 `node-id-invalid`
 */
export function localUid(dataDir: string, machineIdFile = "/etc/machine-id"): string {
  const folder = dataDir.replace(/(?<=.)\/+$/, "");
  const named = read(`${folder}/node-id`)?.trim();
  if (named !== undefined) {
    if (isName(named)) return named;
    throw new CniError(errorCode.invalidConfig, `${folder}/node-id does not hold the name of a node`, {
      reason: "node-id-invalid",
      details: "one line with letters, digits and any of _.- is expected, which no other host has",
    });
  }
  const uid = nodeUid(read(machineIdFile) ?? "", folder);
  if (uid !== undefined) return uid;
  throw new CniError(errorCode.dependencyMissing, `${machineIdFile} does not say which machine this is`, {
    reason: "machine-id-missing",
    details: `systemd-machine-id-setup makes it; or write a name that no other host has to ${folder}/node-id`,
  });
}

/** @returns undefined where there is no such file */
function read(path: string): string | undefined {
  try {
    return readText(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
