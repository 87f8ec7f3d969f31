/** What this project asks of etcd v3: text keys and values, transactions, leases, watches. No I/O here. */
import type { EtcdError } from "./error.ts";

/**
 * An int64 as decimal text, which is how the gateway writes it: revisions and lease ids go beyond 2^53, and text passes
 * through JSON unharmed. `revision.ts` compares and counts.
 */
export type Int64 = string;

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly createRevision: Int64;
  readonly modRevision: Int64;
  /** Counts the writes since it was made: "1" for a new one, "0" for one that is deleted. */
  readonly version: Int64;
  /** "0": it belongs to no lease. */
  readonly lease: Int64;
  /** Key or value are no UTF-8: U+FFFD stands for what is none. Nothing of ours: report it, never write it back. */
  readonly garbled: boolean;
}

/** One key, or all that begin with a text; never the whole of a store that others use too. */
export type KeyRange = { readonly key: string } | { readonly prefix: string };

export interface RangeOptions {
  /** At most so many, in the order of their bytes. */
  readonly limit?: number;
  /** As the store was then. */
  readonly revision?: Int64;
  readonly keysOnly?: boolean;
  /** What this member knows, perhaps old, also without a quorum. Default false: what the cluster agrees on. */
  readonly serializable?: boolean;
}

export interface RangeResult {
  readonly kvs: readonly KeyValue[];
  /** Of the store when it answered, also where an older one was asked for. */
  readonly revision: Int64;
  /** How many there are, whatever the limit. */
  readonly count: number;
}

export interface Listing {
  readonly kvs: readonly KeyValue[];
  /** All of them are as they were at this revision; a watch goes on from the next. */
  readonly revision: Int64;
}

/** A condition. An absent key has "0" as `create`, `mod` and `version`, and fails each condition on its value. */
export type Compare =
  | {
      readonly key: string;
      readonly target: "create" | "mod" | "version";
      /** Default `=`. */
      readonly result?: CompareResult;
      readonly number: Int64;
    }
  | {
      readonly key: string;
      readonly target: "value";
      readonly result?: CompareResult;
      readonly value: string;
    };
export type CompareResult = "=" | "!=" | "<" | ">";

export type Operation =
  | {
      readonly kind: "put";
      readonly key: string;
      readonly value: string;
      /** Without one the key lives until it is deleted, whatever it belonged to before. */
      readonly lease?: Int64;
    }
  | ({ readonly kind: "delete" } & KeyRange)
  | ({ readonly kind: "range" } & KeyRange & Pick<RangeOptions, "limit" | "keysOnly">);

export type OperationResult =
  | { readonly kind: "put" }
  | { readonly kind: "delete"; readonly deleted: number }
  | { readonly kind: "range"; readonly kvs: readonly KeyValue[]; readonly count: number };

export interface TxnResult {
  /** Whether all conditions held: `responses` are those of `success`, else of `failure`. */
  readonly succeeded: boolean;
  /** One for each operation, in order. */
  readonly responses: readonly OperationResult[];
  readonly revision: Int64;
}

export interface Lease {
  readonly id: Int64;
  /** What the server gives, which may be more than was asked for. */
  readonly ttlS: number;
}

/** Dead: it ran out, was revoked or never was; its keys are gone and it never comes back. */
export type KeptAlive = { readonly alive: true; readonly ttlS: number } | { readonly alive: false };

export type WatchEvent =
  | { readonly kind: "put"; readonly kv: KeyValue }
  | { readonly kind: "delete"; readonly key: string; readonly modRevision: Int64; readonly garbled: boolean };

/** Called one after the other, never two at once and never after `close`. What they throw ends the watch's process. */
export interface WatchHandlers {
  /** Whole revisions, in order, none twice. All up to `revision` is known now. */
  onEvents(events: readonly WatchEvent[], revision: Int64): void;
  /**
   * What lies between is lost: compacted, or the store was put back to an older state. The watch has ended; list again
   * and watch from there.
   */
  onCompacted(compactRevision: Int64): void;
  /** Nothing happened up to this revision. */
  onProgress?(revision: Int64): void;
  /** The stream stands, on this endpoint. */
  onUp?(endpoint: string): void;
  /** The stream broke, or could not be had; another try follows by itself. Once per failure, the first included. */
  onDown?(error: EtcdError): void;
}

export interface Watch {
  /** The next event has at least this revision: what a watch in its place would start from. */
  readonly nextRevision: Int64;
  close(): void;
}

/**
 * A client of one cluster. Each call waits for one endpoint at most `timeoutMs`. Calls that only read go to the next
 * endpoint when one fails, each endpoint once. Calls that write do so only while it is certain that nothing was done.
 * All throw `EtcdError`.
 */
export interface Etcd {
  range(what: KeyRange, options?: RangeOptions): Promise<RangeResult>;
  /** All of one moment, in pages; writes between two pages do not show. @param revision of another moment than now */
  list(prefix: string, revision?: Int64): Promise<Listing>;
  /** At most 128 operations, and no key put twice. @throws {EtcdError} with `outcome` "unknown": read back before trying again */
  txn(
    compares: readonly Compare[],
    success: readonly Operation[],
    failure?: readonly Operation[],
  ): Promise<TxnResult>;
  /** Unconditional, for keys that live as long as their writer; all others are written by `txn`. */
  put(key: string, value: string, lease: Int64): Promise<{ readonly revision: Int64 }>;
  /** @param modRevision only as it was then. @returns whether it was there (as it was then) */
  deleteKey(
    key: string,
    modRevision?: Int64,
  ): Promise<{ readonly deleted: boolean; readonly revision: Int64 }>;
  grantLease(ttlS: number): Promise<Lease>;
  keepAlive(id: Int64): Promise<KeptAlive>;
  /** Its keys go at once. One that is dead already is success. */
  revokeLease(id: Int64): Promise<void>;
  /** What happens to keys that begin with `prefix`, `fromRevision` included. Goes on until it is closed or compacted. */
  watch(prefix: string, fromRevision: Int64, handlers: WatchHandlers): Watch;
  /** The one that calls go to. */
  readonly endpoint: string;
  /** Ends all watches and calls; nothing of it keeps the process. */
  close(): void;
}
