/** The whole of one run. */
import type { Part } from "./breakdown.ts";
import type { Load, Machine } from "./machine.ts";
import type { Profile } from "./profile.ts";
import type { Measured, Row } from "./row.ts";
import type { Judged } from "./verdict.ts";

export type Outcome =
  | { readonly kind: "measured"; readonly measured: Measured; readonly judged: Judged; readonly load: Load }
  | { readonly kind: "failed"; readonly row: Row; readonly reason: string };

export interface Report {
  readonly date: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly quick: boolean;
  readonly residents: number;
  readonly outcomes: readonly Outcome[];
  readonly breakdown: readonly Part[];
  readonly profiles: readonly Profile[];
  readonly breakdownLoad?: Load;
  /** Why there are none. */
  readonly breakdownFailed?: string;
}

/** For programs: as the table, and with every sample. */
export function reportJson({ outcomes, ...rest }: Report): unknown {
  return {
    ...rest,
    rows: outcomes.map((outcome) => {
      if (outcome.kind === "failed") return { ...outcome.row, failed: outcome.reason };
      const { row, ours, reference, notes, notJudged } = outcome.measured;
      return {
        ...row,
        ...outcome.judged,
        samples: { ours, reference },
        notes,
        notJudged,
        load: outcome.load,
      };
    }),
  };
}

/** Whether everything asked for was measured. */
export function isComplete({ outcomes, breakdownFailed }: Report): boolean {
  return breakdownFailed === undefined && outcomes.every((outcome) => outcome.kind === "measured");
}
