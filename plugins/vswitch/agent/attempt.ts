/** What fails now and may do better at the next look: it is told, and the agent goes on. */
import type { Journal } from "./journal.ts";

/** A state that is locked, a kernel that is short of memory: the next look may do better. */
export function attempt<T>(fn: () => T, log: Journal): T | undefined {
  try {
    return fn();
  } catch (error) {
    log.warn(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
