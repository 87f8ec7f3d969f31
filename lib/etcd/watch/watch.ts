/** A watch that goes on: stream after stream, from where the last one ended. */
import type { Cluster } from "../cluster.ts";
import { EtcdError } from "../error.ts";
import type { Int64, Watch, WatchHandlers } from "../etcd.ts";
import { HttpFailure } from "../http/failure.ts";
import { callRange } from "../keys.ts";
import { compareRevisions, laterRevision, nextRevision } from "../revision.ts";
import { encodeRange } from "../wire/requests.ts";
import { backoffMs } from "./backoff.ts";
import type { WatchMessage } from "./message.ts";
import { openStream, type StreamOptions, type WatchStream } from "./stream.ts";

/** What is lost is not to be had by another try. */
class Lost extends Error {
  readonly compactRevision: Int64;
  constructor(compactRevision: Int64) {
    super(`compacted up to ${compactRevision}`);
    this.compactRevision = compactRevision;
  }
}

export function startWatch(
  cluster: Cluster,
  prefix: string,
  fromRevision: Int64,
  handlers: WatchHandlers,
  { closing, ...options }: StreamOptions & { readonly closing: AbortSignal },
): Watch {
  const range = encodeRange({ prefix });
  const ending = new AbortController();
  const { signal } = ending;
  const close = () => ending.abort(new HttpFailure("closed", "the watch is closed"));
  if (closing.aborted) close();
  closing.addEventListener("abort", close, { once: true });
  let next = fromRevision;
  let failures = 0;
  let clusterId: string | undefined;

  /** The member may be behind its cluster; but a cluster that is behind us was put back to an older state. */
  const checkPlace = async (created: Extract<WatchMessage, { kind: "created" }>): Promise<void> => {
    clusterId ??= created.clusterId;
    if (clusterId !== created.clusterId) throw new Lost("0");
    if (compareRevisions(nextRevision(created.revision), next) >= 0) return;
    const body = { ...range, limit: "1", keys_only: true };
    const { revision } = await cluster.call(callRange(body, `look for revision ${next}`));
    if (compareRevisions(nextRevision(revision), next) < 0) throw new Lost("0");
  };
  const hear = async (message: WatchMessage, stream: WatchStream): Promise<void> => {
    switch (message.kind) {
      case "failed":
        throw stream.member.error(message.failure, `watch ${prefix}*`);
      case "compacted":
        throw new Lost(message.compactRevision);
      case "created":
        await checkPlace(message);
        if (!signal.aborted) handlers.onUp?.(stream.member.endpoint);
        return;
      case "progress":
        failures = 0;
        next = laterRevision(next, nextRevision(message.revision));
        handlers.onProgress?.(message.revision);
        return;
      case "events": {
        failures = 0;
        const events = message.events.filter((event) => compareRevisions(revisionOf(event), next) >= 0);
        const last = events.at(-1);
        if (last === undefined) return;
        // Not the header's revision: while a watch catches up, that is the store's, and more events are to come. (etcd 3.4:
        // of a backlog of 2400 revisions the first message has 1000 and says 2401.)
        const revision = events.map(revisionOf).reduce(laterRevision);
        next = nextRevision(revision);
        handlers.onEvents(events, revision);
      }
    }
  };
  const follow = async (): Promise<never> => {
    const alive = () => {
      failures = 0;
    };
    const stream = openStream(cluster.current, { prefix, from: next, alive }, options, signal);
    try {
      for (;;) {
        const message = await stream.next();
        if (signal.aborted) throw signal.reason;
        await hear(message, stream);
      }
    } catch (error) {
      if (error instanceof EtcdError && !signal.aborted) cluster.failed(stream.member, error);
      throw error;
    } finally {
      stream.close();
    }
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await follow();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Lost) {
          close();
          handlers.onCompacted(error.compactRevision);
          return;
        }
        if (!(error instanceof EtcdError)) throw error;
        handlers.onDown?.(error);
        failures += 1;
        await pause(backoffMs(failures, options.random()), signal);
      }
    }
  };
  void run().finally(() => closing.removeEventListener("abort", close));
  return {
    get nextRevision() {
      return next;
    },
    close,
  };
}

const revisionOf = (event: Parameters<WatchHandlers["onEvents"]>[0][number]): Int64 =>
  event.kind === "put" ? event.kv.modRevision : event.modRevision;

/** Shorter when the signal ends it. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  });
}
