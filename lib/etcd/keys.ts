/** Reading keys, and transactions on them. */
import type { Cluster } from "./cluster.ts";
import { EtcdError } from "./error.ts";
import type {
  Compare,
  Int64,
  KeyRange,
  KeyValue,
  Listing,
  Operation,
  RangeOptions,
  RangeResult,
  TxnResult,
} from "./etcd.ts";
import type { Call } from "./member.ts";
import { decodePage, decodeTxn, type Page, revisionOf } from "./wire/answers.ts";
import { type Body, encodeRange, encodeRangeOptions, encodeTxn } from "./wire/requests.ts";
import { afterKey, decodeBytes, encodeBytes } from "./wire/text.ts";

/** What etcd takes by default (`--max-txn-ops`), in each branch. */
export const maxOperations = 128;

type RevisedPage = Page & { readonly revision: Int64 };

export function callRange(body: Body, doing: string, kind: Call<never>["kind"] = "read"): Call<RevisedPage> {
  const decode: Call<RevisedPage>["decode"] = (answer) => ({
    ...decodePage(answer),
    revision: revisionOf(answer),
  });
  return { path: "/kv/range", body, doing, kind, decode };
}

export async function readRange(
  cluster: Cluster,
  range: KeyRange,
  options: RangeOptions = {},
): Promise<RangeResult> {
  const body = { ...encodeRange(range), ...encodeRangeOptions(options) };
  const kind = options.serializable ? "local" : "read";
  const { kvs, revision, count } = await cluster.call(callRange(body, `read ${nameOf(range)}`, kind));
  return { kvs, revision, count };
}

/** Some 750 KiB. A server walks over all that is left for each page, so small ones cost it more. */
const pageKeys = 2500;
/** Compaction meets a listing seldom, and the next one seldom again. */
const listAttempts = 3;

/** @param at of another moment than now: when that was compacted, so it stays */
export async function listPrefix(cluster: Cluster, prefix: string, at?: Int64): Promise<Listing> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listOnce(cluster, prefix, at);
    } catch (error) {
      const isCompacted = error instanceof EtcdError && error.kind === "compacted";
      if (!isCompacted || at !== undefined || attempt >= listAttempts) throw error;
    }
  }
}

async function listOnce(cluster: Cluster, prefix: string, at: Int64 | undefined): Promise<Listing> {
  const whole = encodeRange({ prefix });
  const kvs: KeyValue[] = [];
  let limit = pageKeys;
  let from: Body = {};
  let revision = at;
  for (;;) {
    const body = {
      ...whole,
      ...from,
      ...encodeRangeOptions({ limit, ...(revision !== undefined && { revision }) }),
    };
    try {
      const page = await cluster.call(callRange(body, `list ${prefix}`));
      revision ??= page.revision;
      kvs.push(...page.kvs);
      if (!page.more || page.kvs.length === 0) return { kvs, revision };
      from = { key: encodeBytes(afterKey(decodeBytes(page.lastKey))) };
    } catch (error) {
      // Long values: our own limit, or that of an old gateway (4 MiB, etcd#11327).
      if (!(error instanceof EtcdError) || error.kind !== "tooLarge" || limit === 1) throw error;
      limit = Math.max(1, Math.floor(limit / 4));
    }
  }
}

export async function runTxn(
  cluster: Cluster,
  compares: readonly Compare[],
  success: readonly Operation[],
  failure: readonly Operation[],
): Promise<TxnResult> {
  const operations = [...success, ...failure];
  const writes = operations.filter(({ kind }) => kind !== "range");
  const doing = doingOf(operations, writes);
  const most = Math.max(compares.length, success.length, failure.length);
  if (most > maxOperations) {
    const why = `${most} conditions or operations, and etcd takes ${maxOperations}`;
    throw new EtcdError({ kind: "tooLarge", endpoint: cluster.current.endpoint, doing, why });
  }
  return await cluster.call({
    path: "/kv/txn",
    body: encodeTxn(compares, success, failure),
    doing,
    kind: writes.length > 0 ? "write" : "read",
    decode: (answer) => decodeTxn(answer, success, failure),
  });
}

export function nameOf(range: KeyRange): string {
  return "key" in range ? range.key : `${range.prefix}*`;
}

function doingOf(operations: readonly Operation[], writes: readonly Operation[]): string {
  const [verb, [first, ...rest]] = writes.length > 0 ? ["write", writes] : ["read", operations];
  if (first === undefined) return "ask for nothing";
  return `${verb} ${nameOf(first)}${rest.length > 0 ? ` and ${rest.length} more` : ""}`;
}
