/** What steps of an endpoint share: whatever has an undo is undone when a later one fails. Pure. */
import type { Role, Step } from "./step.ts";

export const own = (title: string) => ({ title, scope: "endpoint" }) as const;

/** The number of a link that is there, for the steps behind it. */
export function learn(where: "host" | "compartment", role: Role, name: string): Step {
  return { ...own(`learn ${name}`), action: { kind: "learn", where, role, name } };
}
