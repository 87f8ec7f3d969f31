/** Since when complaints are there: one that stays keeps its date, also over a restart. */
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import type { AgentStatus, DatedComplaint } from "../../status/agent-status.ts";

/** Where a complaint belongs: a network's name, a directory's key, or the agent. */
type Scope = `network ${string}` | `directory ${string}` | "agent";

export interface Dates {
  /** Between `begin` and `end`, each scope once. */
  date(scope: Scope, complaints: readonly Complaint[]): readonly DatedComplaint[];
  begin(nowMs: number): void;
  /** What was not said since `begin` is forgotten. */
  end(): void;
}

export const directoryScope = (endpoints: readonly string[], prefix: string): Scope =>
  `directory ${endpoints.join(",")}${prefix}`;

/** @param before what was said last, perhaps by an agent of before */
export function dates(before: AgentStatus | undefined): Dates {
  let known = new Map<string, number>();
  let next = new Map<string, number>();
  let atMs = 0;
  const keyOf = (scope: Scope, { code, about }: Complaint): string => `${scope}\n${code}\n${about}`;
  const take = (scope: Scope, complaints: readonly DatedComplaint[]): void => {
    for (const one of complaints) known.set(keyOf(scope, one), one.sinceMs);
  };
  for (const { endpoints, prefix, complaints } of before?.directories ?? [])
    take(directoryScope(endpoints, prefix), complaints);
  for (const { name, complaints } of before?.networks ?? []) take(`network ${name}`, complaints);
  take("agent", before?.complaints ?? []);
  return {
    begin(nowMs) {
      atMs = nowMs;
      next = new Map();
    },
    date: (scope, complaints) =>
      complaints.map((complaint) => {
        const key = keyOf(scope, complaint);
        const sinceMs = known.get(key) ?? next.get(key) ?? atMs;
        next.set(key, sinceMs);
        return { ...complaint, sinceMs };
      }),
    end() {
      known = next;
    },
  };
}
