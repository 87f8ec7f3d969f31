/** Who this host is to others. */

/**
 * The content of DATADIR/node-id where an administrator made that file (clones with one machine-id, images without any); else
 * it follows from /etc/machine-id and the folder. Losing the state file does not change it.
 *
 * @throws {CniError} 106 `machine-id-missing`
 */
export function localUid(dataDir: string): string {
  throw new Error(`not built yet: ${dataDir}`);
}
