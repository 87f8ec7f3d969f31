/** What the verbs of the ipam work with. */
import type { Log } from "../../lib/cni/run.ts";
import { isNamespace } from "../../lib/os/file.ts";
import type { Backend } from "../../lib/seam/backend.ts";
import type { DhcpBackend } from "../../lib/seam/dhcp-backend.ts";

export interface IpamContext {
  readonly log: Pick<Log, "warn">;
  /** The wire, for who asks a server there; absent where containers are not on one. */
  readonly dhcp?: DhcpBackend;
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
    return !isNamespace(netns);
  } catch {
    return false;
  }
}
