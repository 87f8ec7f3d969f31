/** One question to one member, and what came of it. */
import type { HttpClient, Post } from "./http/client.ts";
import { HttpFailure } from "./http/failure.ts";
import { type Json, objectOf, parseJson } from "./wire/read.ts";
import { type Failure, failureOfAnswer, failureOfGarbage, failureOfStatus } from "./wire/status.ts";

export type Exchanged<T> = { readonly value: T; readonly failure?: undefined } | FailedExchange;
interface FailedExchange {
  readonly failure: Failure;
}

export const failed = (failure: Failure): FailedExchange => ({ failure });

/** @param decode throws GarbageError. @throws nothing that comes from outside */
export async function exchange<T>(
  http: HttpClient,
  request: Post,
  decode: (answer: Json) => T,
  signal: AbortSignal,
): Promise<Exchanged<T>> {
  try {
    const answer = await http.post(request, signal);
    if (answer.status !== 200) return failed(failureOfAnswer(answer));
    const json = parseJson(answer.body);
    // A call that is a stream to gRPC says so when it is too late for another status.
    if (json.error !== undefined) return failed(failureOfStatus(objectOf(json.error, "the error")));
    return { value: decode(json) };
  } catch (error) {
    return failed(error instanceof HttpFailure ? failureOfHttp(error) : failureOfGarbage(error));
  }
}

export function failureOfHttp({ kind, message, sent }: HttpFailure): Failure {
  const outcome = sent ? "unknown" : "none";
  switch (kind) {
    case "broken":
      return { kind: "unreachable", why: message, outcome };
    // Without a connection the member is away; with one it is slow, or those that it asks are.
    case "timeout":
      return { kind: sent ? "timeout" : "unreachable", why: message, outcome };
    case "tooLarge":
    case "closed":
      return { kind, why: message, outcome };
  }
}

/**
 * Runs something that may take `ms` at most. The signal that it gets aborts then, and when `outer` does.
 *
 * @param late what the signal says then
 */
export async function within<T>(
  ms: number,
  late: HttpFailure,
  outer: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort(outer.reason);
  if (outer.aborted) abort();
  outer.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => controller.abort(late), ms);
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", abort);
  }
}
