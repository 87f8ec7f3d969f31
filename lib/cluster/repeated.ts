/** Changes of keys that others change, too. */
import { CniError, errorCode } from "../cni/error.ts";
import { EtcdError } from "../etcd/error.ts";

/** Others may write at the same time, but not again and again. */
const attempts = 20;

/**
 * Until it has come to an end: what has changed meanwhile is looked at anew, and so is what became of a write that nobody
 * answered.
 *
 * @param what is changed, for an error
 * @param attempt gives undefined where it must be tried again
 * @throws {CniError} 11
 */
export async function repeated<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  let unanswered: EtcdError | undefined;
  for (let i = 0; i < attempts; i++) {
    try {
      const result = await attempt();
      if (result !== undefined) return result;
    } catch (error) {
      if (!(error instanceof EtcdError) || error.outcome !== "unknown") throw error;
      unanswered = error;
    }
  }
  if (unanswered !== undefined) throw unanswered;
  throw new CniError(errorCode.tryAgainLater, `the directory's keys of ${what} change all the time`, {
    reason: "directory-busy",
    details: "others were quicker at each of several attempts",
  });
}
