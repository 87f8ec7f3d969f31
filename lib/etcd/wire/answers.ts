/** Answers of the gateway. All functions throw GarbageError for what no etcd says. */
import type { Int64, KeyValue, Operation, OperationResult, TxnResult } from "../etcd.ts";
import { countOf, GarbageError, int64Of, type Json, listOf, objectOf, stringOf } from "./read.ts";
import { decodeText } from "./text.ts";

/** Every answer about keys has a header, and every store a revision from 1 on. */
export function revisionOf(answer: Json): Int64 {
  const revision = int64Of(objectOf(answer.header, "the header").revision, "the revision");
  if (revision === "0") throw new GarbageError("the revision", "missing");
  return revision;
}

export function decodeKeyValue(kv: Json): KeyValue {
  const key = decodeText(stringOf(kv.key, "a key"));
  const value = decodeText(stringOf(kv.value, "a value"));
  return {
    key: key.text,
    value: value.text,
    createRevision: int64Of(kv.create_revision, "a create_revision"),
    modRevision: int64Of(kv.mod_revision, "a mod_revision"),
    version: int64Of(kv.version, "a version"),
    lease: int64Of(kv.lease, "a lease"),
    garbled: key.garbled || value.garbled,
  };
}

export interface Page {
  readonly kvs: readonly KeyValue[];
  readonly count: number;
  /** There are more behind the limit. */
  readonly more: boolean;
  /** Of the last one, in base64: a key that is no text could not be made anew. */
  readonly lastKey: string;
}

export function decodePage(answer: Json): Page {
  const kvs = listOf(answer.kvs, "kvs");
  return {
    kvs: kvs.map(decodeKeyValue),
    count: countOf(answer.count, "the count"),
    more: answer.more === true,
    lastKey: stringOf(kvs.at(-1)?.key, "a key"),
  };
}

/** @param success and `failure`: what was asked, since an answer without content does not say what it answers */
export function decodeTxn(
  answer: Json,
  success: readonly Operation[],
  failure: readonly Operation[],
): TxnResult {
  const succeeded = answer.succeeded === true;
  const asked = succeeded ? success : failure;
  const responses = listOf(answer.responses, "responses");
  if (responses.length !== asked.length) throw new GarbageError("the responses", answer.responses);
  return {
    succeeded,
    responses: asked.map(({ kind }, i) => decodeResponse(kind, responses[i] ?? {})),
    revision: revisionOf(answer),
  };
}

function decodeResponse(kind: Operation["kind"], response: Json): OperationResult {
  const content = (name: string): Json => objectOf(response[name], name);
  switch (kind) {
    case "put":
      content("response_put");
      return { kind };
    case "delete":
      return { kind, deleted: countOf(content("response_delete_range").deleted, "deleted") };
    case "range": {
      const { kvs, count } = decodePage(content("response_range"));
      return { kind, kvs, count };
    }
  }
}
