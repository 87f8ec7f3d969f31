/** How long an endpoint is left alone that does not stay mended, or cannot be mended. Pure. */
import type { RepairReport } from "../repair/repair.ts";

export interface Patience {
  /** Times in a row that it was mended, or could not be. */
  readonly attempts: number;
  /** When it was last looked at with that outcome, in milliseconds since 1970. */
  readonly lastMs: number;
  /** Until then it is left alone. */
  readonly untilMs: number;
}

/** Mended this often in a row is somebody at work; more often is a quarrel. */
const patientAttempts = 3;
const longestMs = 300_000;
/** After so long without trouble all is forgotten. */
const forgetMs = 300_000;

/** @returns undefined for one that needs none */
export function nextPatience(
  before: Patience | undefined,
  verdict: RepairReport["verdict"],
  nowMs: number,
): Patience | undefined {
  if (verdict === "not checked") return undefined;
  const calm = before === undefined || nowMs - Math.max(before.lastMs, before.untilMs) > forgetMs;
  // Not yet forgotten, and not left alone any more.
  if (verdict === "as planned") return calm ? undefined : { ...before, untilMs: before.lastMs };
  const attempts = calm ? 1 : before.attempts + 1;
  const waits = verdict === "mended" ? Math.max(0, attempts - patientAttempts) : attempts;
  const waitMs = waits === 0 ? 0 : Math.min(longestMs, 1000 * 2 ** (waits - 1));
  return { attempts, lastMs: nowMs, untilMs: nowMs + waitMs };
}

/** Whether somebody undoes again and again what is mended. */
export const isQuarrel = ({ attempts }: Patience): boolean => attempts > patientAttempts;
