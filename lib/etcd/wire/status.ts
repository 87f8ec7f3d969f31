/** What the gateway says when it says no: gRPC codes and messages of etcd (rpctypes/error.go) in JSON. */
import type { EtcdErrorKind } from "../error.ts";
import type { Answer } from "../http/client.ts";
import { excerpt, GarbageError, type Json, objectOf, parseJson } from "./read.ts";

export interface Failure {
  readonly kind: EtcdErrorKind;
  readonly why: string;
  /** Whether a write may have been done all the same. */
  readonly outcome: "none" | "unknown";
  /** The member no longer knows the token: log in again. */
  readonly staleToken?: boolean;
  readonly compactRevision?: string;
}

/** google.rpc.Code. */
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** @param answer with a status that is not 200 */
export function failureOfAnswer({ status, body }: Answer): Failure {
  let json: Json;
  try {
    json = parseJson(body);
  } catch {
    // The gateway itself has plain text for certificates that it does not want; what stands before it has pages.
    if (status === 400 && body.startsWith("CommonName of client"))
      return { kind: "refused", why: excerpt(body), outcome: "none" };
    return notEtcd(`HTTP ${status}: ${excerpt(body)}`);
  }
  return typeof json.code === "number" ? failureOfStatus(json) : notEtcd(`HTTP ${status}: ${excerpt(body)}`);
}

/**
 * @param status `{code, message}`, where a stream of old versions says `{grpc_code, message}`
 */
export function failureOfStatus(status: Json): Failure {
  const code = Number(status.code ?? status.grpc_code ?? -1);
  const message = String(status.message ?? status.error ?? "no message");
  return { why: excerpt(message), ...classify(code, message) };
}

/** Codes alone do not do: etcd has one for a lost leader and a lost answer, and one for all that is wrong with a request. */
function classify(code: number, message: string): Omit<Failure, "why"> {
  const says = (...parts: readonly string[]) => parts.some((part) => message.includes(part));
  if (code === UNAUTHENTICATED || says("revision of auth store is old", "revision in header is old"))
    return { kind: "refused", outcome: "none", staleToken: true };
  if (code === PERMISSION_DENIED || says("user name is empty", "authentication failed"))
    return { kind: "refused", outcome: "none" };
  if (says("revision has been compacted")) return { kind: "compacted", outcome: "none" };
  if (code === NOT_FOUND && says("lease not found")) return { kind: "leaseNotFound", outcome: "none" };
  if (says("too many operations", "too large") || (code === RESOURCE_EXHAUSTED && says("larger than max")))
    // It may be the answer that is too large, of something that was done.
    return { kind: "tooLarge", outcome: code === INVALID_ARGUMENT ? "none" : "unknown" };
  // Found by the member before it passes anything on.
  if (message === "etcdserver: no leader") return { kind: "noLeader", outcome: "none" };
  if (says("leader changed")) return { kind: "noLeader", outcome: "unknown" };
  if (code === DEADLINE_EXCEEDED || says("timed out", "deadline exceeded"))
    return { kind: "timeout", outcome: "unknown" };
  if (code === UNAVAILABLE) return { kind: "unreachable", outcome: "unknown" };
  // UNKNOWN, INTERNAL, CANCELLED, ABORTED say nothing of what was done.
  const certain = [INVALID_ARGUMENT, NOT_FOUND, 6, RESOURCE_EXHAUSTED, 9, 11, 12].includes(code);
  return { kind: "other", outcome: certain ? "none" : "unknown" };
}

/** Another program, or an answer cut to pieces on its way. */
export function notEtcd(what: string): Failure {
  return { kind: "unreachable", why: `what answers is no etcd: ${what}`, outcome: "unknown" };
}

/** @throws what is no GarbageError */
export function failureOfGarbage(error: unknown): Failure {
  if (error instanceof GarbageError) return notEtcd(error.message);
  throw error;
}

/** The one message of a stream that answers once, or a line of one that goes on: `{result}` or `{error}`. */
export function unwrap(line: Json): { readonly result: Json } | { readonly failure: Failure } {
  if (line.error !== undefined) return { failure: failureOfStatus(objectOf(line.error, "the error")) };
  return { result: objectOf(line.result, "the result") };
}
