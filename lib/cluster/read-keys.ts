/** Several keys of one moment. */
import type { Etcd, KeyValue } from "../etcd/etcd.ts";

/** @returns one for each key, undefined where there is none */
export async function readKeys(
  etcd: Etcd,
  ...keys: readonly string[]
): Promise<readonly (KeyValue | undefined)[]> {
  const { responses } = await etcd.txn(
    [],
    keys.map((key) => ({ kind: "range", key }) as const),
  );
  return responses.map((response) => (response.kind === "range" ? response.kvs[0] : undefined));
}
