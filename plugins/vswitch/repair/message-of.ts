/** Errors for people. */
import { CniError } from "../../../lib/cni/error.ts";

/** What went wrong, and what to do about it, for people. */
export function messageOf(error: unknown): string {
  if (error instanceof CniError && error.details !== undefined) return `${error.message}: ${error.details}`;
  return error instanceof Error ? error.message : String(error);
}
