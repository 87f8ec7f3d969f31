/** What the doctor finds on this host. */
import type { Host } from "../host.ts";
import { diagnose, worstFirst } from "./diagnose.ts";
import { type ExamineOptions, examine } from "./examine.ts";
import type { Finding } from "./finding.ts";

/** @param warnings what the state said while it was opened. @returns what could not be looked at too, the worst first */
export async function findingsOf(
  host: Host,
  options: ExamineOptions,
  warnings: readonly string[],
): Promise<readonly Finding[]> {
  const { patient, failures } = examine(host, options, warnings);
  const looking = failures.map((failure) => ({ id: "examination", ...failure }));
  return worstFirst([...looking, ...(await diagnose(patient))]);
}
