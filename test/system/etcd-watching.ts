/** What tests of etcd wait for. */
import { expect } from "vitest";
import type { EtcdError } from "../../lib/etcd/error.ts";
import type { WatchEvent, WatchHandlers } from "../../lib/etcd/etcd.ts";

export const until = (check: () => unknown, timeout = 10_000) => expect.poll(check, { interval: 5, timeout });

export function failureOf(call: Promise<unknown>): Promise<EtcdError> {
  return call.then(
    () => {
      throw new Error("it did not fail");
    },
    (error) => error,
  );
}

/** "/a" for one that was put, "-/a" for one that was deleted. */
export const nameOf = (event: WatchEvent): string => (event.kind === "put" ? event.kv.key : `-${event.key}`);

export interface Collected extends WatchHandlers {
  readonly events: readonly WatchEvent[];
  /** All else, in words. */
  readonly told: readonly string[];
}

/** Handlers that keep what they are told. */
export function collect(): Collected {
  const events: WatchEvent[] = [];
  const told: string[] = [];
  return {
    events,
    told,
    onEvents: (all) => void events.push(...all),
    onCompacted: (revision) => void told.push(`compacted ${revision}`),
    onUp: () => void told.push("up"),
    onDown: (error) => void told.push(`down ${error.kind}`),
  };
}
