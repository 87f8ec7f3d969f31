/** Of all processes of a host one at a time changes what is its own in a directory: else each would claim a block for itself. */
import { CniError, errorCode } from "../cni/error.ts";
import { holdFileLock } from "../state/file-lock.ts";

/** Claims take some milliseconds. */
const pollMs = 3;

/**
 * Runs it while no other process claims or gives back.
 *
 * @param waitMs how long to wait for others
 * @throws {CniError} 11
 */
export async function exclusively<T>(dataDir: string, waitMs: number, fn: () => Promise<T>): Promise<T> {
  const path = `${dataDir}/claim.lock`;
  const deadline = performance.now() + waitMs;
  let release = holdFileLock(path);
  while (release === undefined) {
    if (performance.now() >= deadline)
      throw new CniError(
        errorCode.tryAgainLater,
        `another process claims addresses for ${waitMs} ms already`,
        {
          reason: "claim-locked",
          details: `"lslocks | grep ${path}" names it`,
        },
      );
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    release = holdFileLock(path);
  }
  try {
    return await fn();
  } finally {
    release();
  }
}
