/** One stream of a watch, and whether it still lives. */
import { EtcdError } from "../error.ts";
import type { Int64 } from "../etcd.ts";
import { failureOfHttp } from "../exchange.ts";
import type { Receiver } from "../http/connection.ts";
import { HttpFailure } from "../http/failure.ts";
import { callRange } from "../keys.ts";
import type { Member } from "../member.ts";
import { GarbageError } from "../wire/read.ts";
import { encodeRange } from "../wire/requests.ts";
import { type Failure, failureOfAnswer, failureOfGarbage } from "../wire/status.ts";
import { createLines } from "./lines.ts";
import { decodeWatchLine, type WatchMessage } from "./message.ts";

export interface StreamOptions {
  /** From 0 up to 1. */
  readonly random: () => number;
  /** How often the member is asked whether it lives, ms; each time a little earlier or later. */
  readonly livenessMs: number;
  /** After so much silence it is given up: longer than the member takes between two notes of progress. */
  readonly silenceMs: number;
  /** How long the first message may take. */
  readonly timeoutMs: number;
}

export interface WatchStream {
  readonly member: Member;
  /** @throws {EtcdError} once it is dead, after all that came before */
  next(): Promise<WatchMessage>;
  close(): void;
}

export interface StreamRequest {
  readonly prefix: string;
  readonly from: Int64;
  /** Called each time that the member has shown that it lives. */
  alive(): void;
}

const maxMessageBytes = 64 * 1024 * 1024;
const maxRefusalBytes = 64 * 1024;

export function openStream(
  member: Member,
  { prefix, from, alive }: StreamRequest,
  options: StreamOptions,
  outer: AbortSignal,
): WatchStream {
  const { livenessMs, silenceMs, timeoutMs, random } = options;
  const doing = `watch ${prefix}*`;
  const range = encodeRange({ prefix });
  const lines = createLines(maxMessageBytes);
  const ending = new AbortController();
  const end = (error: EtcdError): void => {
    lines.fail(error);
    clearTimeout(timer);
    outer.removeEventListener("abort", close);
    // Also where the server would keep it open: it does after `canceled`.
    ending.abort(new HttpFailure("closed", "the watch is over"));
  };
  const fail = (failure: Failure): void => end(member.error(failure, doing));
  const close = (): void => fail({ kind: "closed", why: "the watch is closed", outcome: "none" });
  let heardMs = performance.now();
  const late = () => fail({ kind: "timeout", why: `no answer in ${timeoutMs} ms`, outcome: "none" });
  let timer = setTimeout(late, timeoutMs);

  /** A stream is silent when nothing happens, and when the member is stopped or the way to it is cut. */
  const look = async (): Promise<void> => {
    const silentMs = performance.now() - heardMs;
    if (silentMs > silenceMs) {
      const why = `not a word in ${Math.round(silentMs / 1000)} s`;
      return fail({ kind: "timeout", why, outcome: "none" });
    }
    const body = { ...range, limit: "1", keys_only: true, serializable: true };
    try {
      await member.call(
        callRange(body, `look whether a member lives that ${doing.replace("watch", "watches")}`, "local"),
      );
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      return end(error);
    }
    alive();
    if (!ending.signal.aborted) lookLater();
  };
  const lookLater = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), livenessMs * (0.85 + 0.3 * random()));
  };
  const body = {
    create_request: { ...range, start_revision: from, progress_notify: true },
  };
  outer.addEventListener("abort", close, { once: true });
  if (outer.aborted) close();
  else
    member
      .stream(
        { path: "/watch", body, doing },
        receiverOf(lines, fail, () => {
          heardMs = performance.now();
        }),
        ending.signal,
      )
      .catch(end);
  return {
    member,
    close,
    async next() {
      const line = await lines.next();
      try {
        const message = decodeWatchLine(line);
        if (message.kind === "created") lookLater();
        return message;
      } catch (error) {
        if (!(error instanceof GarbageError)) throw error;
        throw member.error(failureOfGarbage(error), doing);
      }
    },
  };
}

function receiverOf(
  lines: ReturnType<typeof createLines>,
  fail: (failure: Failure) => void,
  heard: () => void,
): Receiver {
  let status = 0;
  let refusal = "";
  return {
    head: (head) => {
      status = head.status;
    },
    data: (bytes) => {
      heard();
      if (status !== 200) {
        if (refusal.length < maxRefusalBytes) refusal += Buffer.from(bytes).toString("utf8");
        return;
      }
      try {
        lines.push(bytes);
      } catch (error) {
        fail({ kind: "tooLarge", why: (error as Error).message, outcome: "none" });
      }
    },
    end: () => {
      lines.finish();
      fail(
        status === 200
          ? { kind: "unreachable", why: "the server ended the stream", outcome: "none" }
          : failureOfAnswer({ status, body: refusal }),
      );
    },
    failed: (failure) => fail(failureOfHttp(failure)),
  };
}
