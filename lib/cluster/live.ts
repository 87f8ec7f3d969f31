/** A key that says "I live": under a lease, which runs out when nobody keeps it up. */
import { EtcdError } from "../etcd/error.ts";
import type { Etcd, Int64 } from "../etcd/etcd.ts";
import { backoffMs } from "../etcd/watch/backoff.ts";
import { pause } from "./pause.ts";

export interface LiveOptions {
  readonly etcd: Etcd;
  readonly key: string;
  /** Asked each time that the key is written. */
  readonly value: () => string;
  /** Of the lease, in seconds. */
  readonly ttlS: number;
  /** From 0 up to 1, for jitter. */
  readonly random: () => number;
  /** With undefined when all is well again. */
  readonly onChange: (error: EtcdError | undefined) => void;
}

export interface Living {
  /** Of the lease under which the key is, once it is. */
  readonly lease: Int64 | undefined;
  /** The key is written once more, soon: somebody took it away. */
  rewrite(): void;
  /** Others are told at once, if the store answers within so many milliseconds. */
  close(waitMs: number): Promise<void>;
}

/** Keeps up the lease at a third of its time, a little earlier or later; a lease that is dead is replaced. */
export function live({ etcd, key, value, ttlS, random, onChange }: LiveOptions): Living {
  let lease: Int64 | undefined;
  let written = false;
  let closed = false;
  let wake = Promise.withResolvers<void>();

  const round = async (): Promise<void> => {
    if (lease !== undefined && !(await etcd.keepAlive(lease)).alive) lease = undefined;
    if (lease === undefined) {
      written = false;
      lease = (await etcd.grantLease(ttlS)).id;
    }
    if (written) return;
    await etcd.put(key, value(), lease);
    written = true;
  };
  const run = async (): Promise<void> => {
    for (let failures = 0; !closed; ) {
      wake = Promise.withResolvers();
      let waitMs = (ttlS * 1000 * (0.9 + 0.2 * random())) / 3;
      try {
        await round();
        failures = 0;
        onChange(undefined);
      } catch (error) {
        if (closed) return;
        if (!(error instanceof EtcdError)) throw error;
        failures += 1;
        // The lease ran out between two calls.
        if (error.kind === "leaseNotFound") lease = undefined;
        waitMs = backoffMs(failures, random());
        onChange(error);
      }
      await pause(waitMs, wake.promise);
    }
  };
  void run();
  return {
    get lease() {
      return lease;
    },
    rewrite() {
      written = false;
      wake.resolve();
    },
    async close(waitMs) {
      closed = true;
      wake.resolve();
      if (lease === undefined) return;
      const gone = etcd.revokeLease(lease).catch(() => {});
      await pause(waitMs, gone);
    },
  };
}
