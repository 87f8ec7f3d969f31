/** Opens a client of an etcd cluster. */
import type { EtcdAccess } from "../directory/config.ts";
import type { Etcd } from "./etcd.ts";

export interface EtcdOptions {
  /** How long a call waits for one endpoint; 5000 when absent. */
  readonly timeoutMs?: number;
  /** Gets a line for each change of endpoint and each watch that breaks. */
  readonly log?: (line: string) => void;
  /** From 0 up to 1, for jitter. */
  readonly random?: () => number;
}

/**
 * Nothing is sent before the first call. Keys are whole: `prefix` of the access is for those who make them.
 *
 * @throws {EtcdError} `other` when an endpoint is none; files are read later
 */
export function openEtcd(access: EtcdAccess, options: EtcdOptions = {}): Etcd {
  throw new Error(`not built yet: ${access.endpoints} ${options.timeoutMs}`);
}
