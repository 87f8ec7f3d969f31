/** What the verbs work with: the platform, the state of the host, and where addresses come from. */
import type { Environment } from "../cni/environment.ts";
import type { Log } from "../cni/run.ts";
import type { Backend } from "../seam/backend.ts";
import type { DhcpBackend } from "../seam/dhcp-backend.ts";
import type { Store } from "../state/store.ts";

export interface Context {
  readonly backend: Backend;
  readonly log: Log;
  /** The wire, for an ipam that asks a server there; absent where containers are not on one. */
  readonly dhcp?: DhcpBackend;
  readonly env: Environment;
  /** File of the running executable: a delegate that is the same file is called in-process. */
  readonly execPath: string;
  readonly bootId: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** When the process began, in milliseconds since 1970. */
  readonly startedMs: number;
  /** Opens the state of the host, rebuilding it from the marks on kernel objects when it is lost. */
  openStore(dataDir: string): Store;
}
