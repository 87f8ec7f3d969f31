/** What a watch says (WatchResponse of rpc.proto), one message a line. */
import type { Int64, WatchEvent } from "../etcd.ts";
import { decodeKeyValue, revisionOf } from "../wire/answers.ts";
import { int64Of, type Json, listOf, objectOf, parseJson, stringOf, uint64Of } from "../wire/read.ts";
import { type Failure, failureOfStatus } from "../wire/status.ts";

export type WatchMessage =
  | { readonly kind: "created"; readonly revision: Int64; readonly clusterId: string }
  | { readonly kind: "events"; readonly events: readonly WatchEvent[] }
  | { readonly kind: "progress"; readonly revision: Int64 }
  /** The revisions before this one are gone, and with them what was to be told. */
  | { readonly kind: "compacted"; readonly compactRevision: Int64 }
  | { readonly kind: "failed"; readonly failure: Failure };

/** @throws {GarbageError} */
export function decodeWatchLine(line: string): WatchMessage {
  const json = parseJson(line);
  if (json.error !== undefined)
    return { kind: "failed", failure: failureOfStatus(objectOf(json.error, "the error")) };
  const result = objectOf(json.result, "the message");
  // `created` may be set beside it: denied and compacted watches are both at once.
  if (result.canceled === true) return canceled(result);
  if (result.created === true) {
    const clusterId = uint64Of(objectOf(result.header, "the header").cluster_id, "the cluster_id");
    return { kind: "created", revision: revisionOf(result), clusterId };
  }
  const events = listOf(result.events, "the events");
  if (events.length === 0) return { kind: "progress", revision: revisionOf(result) };
  return { kind: "events", events: events.map(decodeEvent) };
}

function canceled(result: Json): WatchMessage {
  const compactRevision = int64Of(result.compact_revision, "the compact_revision");
  if (compactRevision !== "0") return { kind: "compacted", compactRevision };
  const reason = stringOf(result.cancel_reason, "the cancel_reason") || "the watch was canceled";
  const denied = /permission denied|auth|token|user name/.test(reason);
  return { kind: "failed", failure: { kind: denied ? "refused" : "other", why: reason, outcome: "none" } };
}

function decodeEvent(event: Json): WatchEvent {
  const kv = decodeKeyValue(objectOf(event.kv, "the kv of an event"));
  if (event.type === undefined || event.type === "PUT" || event.type === 0) return { kind: "put", kv };
  return { kind: "delete", key: kv.key, modRevision: kv.modRevision, garbled: kv.garbled };
}
