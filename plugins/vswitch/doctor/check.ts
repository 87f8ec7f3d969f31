/** A check: one thing that may be wrong with a host. */
import type { Complaint } from "./finding.ts";
import type { Part, Patient } from "./patient.ts";

export interface Check {
  /** In kebab-case, the same for ever: programs go by it. */
  readonly id: string;
  /** Without these it can say nothing. */
  readonly needs: readonly Part[];
  /** What is well when nothing is found. */
  readonly fine: string;
  /** @returns what is wrong, none when all is well */
  readonly find: (patient: Patient) => readonly Complaint[] | Promise<readonly Complaint[]>;
}
