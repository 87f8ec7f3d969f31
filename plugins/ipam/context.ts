/** What the verbs of the ipam work with. */
import { statfsSync } from "node:fs";
import type { Backend } from "../../lib/backend.ts";
import type { Log } from "../../lib/cni/run.ts";

export interface IpamContext {
  readonly log: Pick<Log, "warn">;
  /** Milliseconds since 1970. */
  now(): number;
  /** When the process began, in milliseconds since 1970; absent: as the clock of this process says. */
  readonly startedMs?: number;
  /** Given when the caller's kernel objects hang on a lease: they go before its address is given to somebody else. */
  readonly backend?: Pick<Backend, "compartmentExists" | "remove">;
}

/** Whether the compartment at this path is verifiably gone: nothing there, or no namespace (any more). */
export function isGone(netns: string, context: IpamContext): boolean {
  if (netns === "") return false;
  if (context.backend) return !context.backend.compartmentExists(netns);
  try {
    return statfsSync(netns).type !== nsfsMagic;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT" || code === "ENOTDIR";
  }
}

/** NSFS_MAGIC of linux/magic.h. */
const nsfsMagic = 0x6e736673;
