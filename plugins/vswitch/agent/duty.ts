/** Of several agents of one state file one keeps its leases and its directories; ADD sees by its lock that there is one. */
import { holdAgentLock } from "../../../lib/state/agent-lock.ts";

export interface Duty {
  /** Whether this agent is the one; tried again each time, though not more often than it is worth. */
  isOurs(): boolean;
  /** When it is worth trying, in milliseconds since 1970. */
  nextMs(): number;
  close(): void;
}

/** Another agent that ends is noticed within so long. */
const everyMs = 500;

export function agentDuty(dataDir: string): Duty {
  let release: (() => void) | undefined;
  let triedMs = Number.NEGATIVE_INFINITY;
  return {
    isOurs() {
      if (release !== undefined || Date.now() < triedMs + everyMs) return release !== undefined;
      triedMs = Date.now();
      try {
        release = holdAgentLock(dataDir);
      } catch {
        // No ADD has made the folder yet.
      }
      return release !== undefined;
    },
    nextMs: () => (release === undefined ? triedMs + everyMs : Number.POSITIVE_INFINITY),
    close() {
      release?.();
      release = undefined;
    },
  };
}
