/** A chore that the store does not let be done, as a complaint. */
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import type { Problem } from "./chores.ts";

export function refusedChore(prefix: string, { doing, error }: Problem): Complaint {
  const details = "details" in error && typeof error.details === "string" ? error.details : undefined;
  return {
    code: "store-refused",
    about: prefix,
    text: `could not ${doing}: ${error.message}`,
    remedy: details ?? "It is tried again; see what this host's user may do there.",
  };
}
