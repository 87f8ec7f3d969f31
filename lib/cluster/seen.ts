/** Records as they stand in the directory. */
import { CniError, errorCode } from "../cni/error.ts";
import { type Garbage, isGarbage } from "../directory/garbage.ts";
import type { Int64, KeyValue } from "../etcd/etcd.ts";

export interface Seen<R> {
  readonly key: string;
  readonly record: R;
  /** While it is this one, nobody has written it since. */
  readonly modRevision: Int64;
}

/**
 * @returns undefined when there is none
 * @throws {CniError} 6 when it cannot be read: whoever wrote it knows more than we do, so it is not written over
 */
export function seen<R extends object>(
  kv: KeyValue | undefined,
  parse: (text: string) => R | Garbage,
): Seen<R> | undefined {
  if (kv === undefined) return undefined;
  const { key, modRevision } = kv;
  const record = parse(kv.value);
  if (!isGarbage(record)) return { key, record, modRevision };
  throw new CniError(errorCode.decodeFailure, `the directory's ${key} cannot be read: ${record.garbage[0]}`, {
    reason: record.newer === undefined ? "record-garbage" : "record-newer",
    details: `${record.garbage.join("\n")}\nupdate this host, or put right or delete the key`,
  });
}
