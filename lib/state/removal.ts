/** What of an endpoint's row whoever removes it needs. Pure. */
import type { Plan } from "../model/plan.ts";
import type { EndpointRow } from "./rows.ts";

export function removalOf({ key, netns, plan }: Pick<EndpointRow, "key" | "netns" | "plan">): {
  readonly key: string;
  /** Of the compartment. */
  readonly path: string;
  readonly plan?: Plan;
} {
  return { key, path: netns, ...(plan === null ? {} : { plan }) };
}
