/** What goes wrong between us and etcd. */

/**
 * - `unreachable`: no connection, or it broke;
 * - `timeout`: no answer in time, from the member or from its peers;
 * - `refused`: who we are, or what this user may;
 * - `compacted`: the revision is no longer kept;
 * - `noLeader`: the member has lost its cluster;
 * - `leaseNotFound`: the lease of a put is dead;
 * - `tooLarge`: more than a request or an answer may have;
 * - `closed`: by our own `close`;
 * - `other`: what the message says.
 */
export type EtcdErrorKind =
  | "unreachable"
  | "timeout"
  | "refused"
  | "compacted"
  | "noLeader"
  | "leaseNotFound"
  | "tooLarge"
  | "closed"
  | "other";

export interface EtcdFailure {
  readonly kind: EtcdErrorKind;
  /** Where, as it stands in the configuration. */
  readonly endpoint: string;
  /** What was being done, to what: "write 3 keys, the first /vswitch/v1/nodes/a". */
  readonly doing: string;
  /** The server's message, or the system's. */
  readonly why: string;
  /** Of a write: "unknown" when it may have been done all the same. */
  readonly outcome?: "none" | "unknown";
  /** With `compacted`: revisions below this one are gone. */
  readonly compactRevision?: string;
  readonly cause?: unknown;
}

/** No message of it holds a password, token or key. */
export class EtcdError extends Error {
  readonly kind: EtcdErrorKind;
  readonly endpoint: string;
  readonly doing: string;
  readonly why: string;
  readonly outcome: "none" | "unknown";
  readonly compactRevision: string | undefined;

  constructor({ kind, endpoint, doing, why, outcome = "none", compactRevision, cause }: EtcdFailure) {
    const unknown = outcome === "unknown" ? " (whether it was done is not known)" : "";
    super(`${doing} at ${endpoint}: ${why}${unknown}`, cause === undefined ? undefined : { cause });
    this.name = "EtcdError";
    this.kind = kind;
    this.endpoint = endpoint;
    this.doing = doing;
    this.why = why;
    this.outcome = outcome;
    this.compactRevision = compactRevision;
  }
}
