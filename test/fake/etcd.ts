/**
 * etcd as far as our code asks it, in memory: one history of revisions, transactions that are all or nothing. What lies between
 * a client and the store is the test's to say: each call goes through a `Wire`.
 */
import type {
  Compare,
  Etcd,
  KeyRange,
  KeyValue,
  Operation,
  OperationResult,
  RangeOptions,
  TxnResult,
} from "../../lib/etcd/etcd.ts";
import { compareRevisions } from "../../lib/etcd/revision.ts";

/** Carries a call to the store and its answer back: `apply` does it, at once. */
export type Wire = <T>(call: { readonly doing: string; readonly writes: boolean; apply(): T }) => Promise<T>;

export interface FakeEtcd {
  /** The keys, in their order. */
  readonly keys: () => readonly KeyValue[];
  client(wire?: Wire): Etcd;
}

export function fakeEtcd(): FakeEtcd {
  const kvs = new Map<string, KeyValue>();
  let revision = 1n;
  let leases = 0;

  const inRange = (what: KeyRange) => (key: string) =>
    "key" in what ? key === what.key : key.startsWith(what.prefix);
  const sorted = () => [...kvs.values()].sort((a, b) => (a.key < b.key ? -1 : 1));

  function range(what: KeyRange, { limit, keysOnly }: RangeOptions = {}) {
    const found = sorted().filter(({ key }) => inRange(what)(key));
    const some = limit === undefined ? found : found.slice(0, limit);
    return {
      kvs: some.map((kv) => (keysOnly ? { ...kv, value: "" } : kv)),
      count: found.length,
      revision: String(revision),
    };
  }

  function put(key: string, value: string, at: bigint, lease = "0"): void {
    const before = kvs.get(key);
    const modRevision = String(at);
    kvs.set(key, {
      key,
      value,
      createRevision: before?.createRevision ?? modRevision,
      modRevision,
      version: String(BigInt(before?.version ?? "0") + 1n),
      lease,
      garbled: false,
    });
  }

  function remove(what: KeyRange): number {
    const gone = [...kvs.keys()].filter(inRange(what));
    for (const key of gone) kvs.delete(key);
    return gone.length;
  }

  function holds(compare: Compare): boolean {
    const kv = kvs.get(compare.key);
    const { result = "=" } = compare;
    const decide = (order: number): boolean =>
      ({ "=": order === 0, "!=": order !== 0, "<": order < 0, ">": order > 0 })[result];
    if (compare.target === "value") {
      if (kv === undefined) return false;
      return decide(kv.value < compare.value ? -1 : kv.value > compare.value ? 1 : 0);
    }
    const fields = { create: kv?.createRevision, mod: kv?.modRevision, version: kv?.version };
    return decide(compareRevisions(fields[compare.target] ?? "0", compare.number));
  }

  function txn(
    compares: readonly Compare[],
    success: readonly Operation[],
    failure: readonly Operation[] = [],
  ): TxnResult {
    for (const list of [compares, success, failure])
      if (list.length > 128) throw new Error("etcdserver: too many operations in txn request");
    for (const list of [success, failure]) {
      const puts = list.flatMap((operation) => (operation.kind === "put" ? [operation.key] : []));
      if (new Set(puts).size < puts.length) throw new Error("etcdserver: duplicate key given in txn request");
    }
    const succeeded = compares.every(holds);
    const operations = succeeded ? success : failure;
    const next = revision + 1n;
    const responses = operations.map((operation): OperationResult => {
      if (operation.kind === "range") {
        const { kvs: found, count } = range(operation, operation);
        return { kind: "range", kvs: found, count };
      }
      if (operation.kind === "delete") {
        const deleted = remove(operation);
        if (deleted > 0) revision = next;
        return { kind: "delete", deleted };
      }
      put(operation.key, operation.value, next, operation.lease);
      revision = next;
      return { kind: "put" };
    });
    return { succeeded, responses, revision: String(revision) };
  }

  return {
    keys: sorted,
    client: (wire = async ({ apply }) => apply()) => ({
      range: (what, options) => wire({ doing: "range", writes: false, apply: () => range(what, options) }),
      list: (prefix) =>
        wire({
          doing: "list",
          writes: false,
          apply: () => ({ kvs: range({ prefix }).kvs, revision: String(revision) }),
        }),
      txn: (compares, success, failure) => {
        const writes = [...success, ...(failure ?? [])].some(({ kind }) => kind !== "range");
        return wire({ doing: "txn", writes, apply: () => txn(compares, success, failure) });
      },
      put: (key, value, lease) =>
        wire({
          doing: "put",
          writes: true,
          apply: () => {
            const { revision: at } = txn([], [{ kind: "put", key, value, lease }]);
            return { revision: at };
          },
        }),
      deleteKey: (key, modRevision) =>
        wire({
          doing: "delete",
          writes: true,
          apply: () => {
            const held: Compare[] =
              modRevision === undefined ? [] : [{ key, target: "mod", number: modRevision }];
            const { succeeded, responses, revision: at } = txn(held, [{ kind: "delete", key }]);
            const [response] = responses;
            const deleted = succeeded && response?.kind === "delete" && response.deleted > 0;
            return { deleted, revision: at };
          },
        }),
      grantLease: (ttlS) =>
        wire({ doing: "grant", writes: true, apply: () => ({ id: String(++leases), ttlS }) }),
      keepAlive: () =>
        wire({ doing: "keep", writes: true, apply: () => ({ alive: true, ttlS: 60 }) as const }),
      revokeLease: () => wire({ doing: "revoke", writes: true, apply: () => undefined }),
      watch: () => {
        throw new Error("nobody watches a fake");
      },
      endpoint: "http://fake:2379",
      close: () => undefined,
    }),
  };
}
