/** What the doctor finds. */

/** The worst first. */
export const severities = ["error", "warning", "note", "ok"] as const;

/**
 * - `error`: packets are lost, or the next ADD fails
 * - `warning`: they will be, or some are
 * - `note`: worth knowing
 */
export type Severity = (typeof severities)[number];

export interface Complaint {
  readonly severity: Severity;
  /** One sentence, in which the thing is named. */
  readonly title: string;
  /** What was seen: one fact for each line. */
  readonly seen?: readonly string[];
  /** What to do, in words. */
  readonly remedy?: string;
  /** The same as commands, where there are any: each may be carried out as it is. */
  readonly commands?: readonly string[];
}

export interface Finding extends Complaint {
  /** Of the check. */
  readonly id: string;
}

type Rest = Omit<Complaint, "severity" | "title">;

export const error = (title: string, rest: Rest = {}): Complaint => ({ severity: "error", title, ...rest });

export const warning = (title: string, rest: Rest = {}): Complaint => ({
  severity: "warning",
  title,
  ...rest,
});

export const note = (title: string, rest: Rest = {}): Complaint => ({ severity: "note", title, ...rest });

/** As many as one reads, and how many more there are. */
export function some(items: readonly string[], most = 6): readonly string[] {
  return items.length <= most ? items : [...items.slice(0, most - 1), `and ${items.length - most + 1} more`];
}
