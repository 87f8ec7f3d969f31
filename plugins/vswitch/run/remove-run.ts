/** Taking a run away: DEL of its chain, then its compartment, then what is known of it. */
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import type { ToolBackend } from "../../../lib/seam/tool-backend.ts";
import { delChain } from "./chain.ts";
import { deleteRecord, type RunRecord } from "./record.ts";

/** @throws {CniError} the failures, after everything was tried: what is known stays for another try */
export async function removeRun(
  record: RunRecord,
  backend: Pick<ToolBackend, "removeCompartment">,
  folder?: string,
): Promise<void> {
  const { id, chain, attachment, result } = record;
  const failures = [...(await delChain(chain, attachment, result))];
  try {
    backend.removeCompartment(attachment.netns);
  } catch (error) {
    failures.push(error);
  }
  const [first] = failures;
  if (first === undefined) {
    deleteRecord(id, folder);
    return;
  }
  const text = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  throw new CniError(
    first instanceof CniError ? first.code : errorCode.kernelRefused,
    `remove ${id}: ${text.join("; ")}`,
    { reason: "run-not-removed", details: `vswitch run --remove ${id} tries again`, cause: first },
  );
}
