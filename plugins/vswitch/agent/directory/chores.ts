/** Things to be done with a store, one after the other: again and again until they are done, each in its own time. */
import { pause } from "../../../../lib/cluster/pause.ts";
import { CniError } from "../../../../lib/cni/error.ts";
import { EtcdError } from "../../../../lib/etcd/error.ts";
import { backoffMs } from "../../../../lib/etcd/watch/backoff.ts";

export interface Chore {
  /** In the words of a sentence: "tell of this host's containers". */
  readonly doing: string;
  /** @returns when it is due again without anybody asking, in milliseconds since 1970; absent: never */
  run(): Promise<number | undefined>;
}

export interface Chores {
  /** As soon as may be: at once, or when what failed may be tried again. */
  ask(chore: Chore): void;
  /** Nothing is tried while it is not ready. */
  wake(): void;
  /** Of those that fail. */
  readonly problems: readonly Problem[];
  close(): void;
}

export interface Problem {
  readonly doing: string;
  readonly error: Error;
}

interface State {
  dueMs: number;
  failures: number;
  error?: Error;
}

/** Somebody must do something about it: the store has said no, not that it is away. */
const refusedMs = 30_000;

export interface ChoresOptions {
  readonly chores: readonly Chore[];
  /** Whether the store is to be had, and it is this one's turn. */
  readonly ready: (chore: Chore) => boolean;
  readonly now: () => number;
  readonly random: () => number;
  /** Problems may be others. */
  readonly onChange: () => void;
}

export function chores({ chores: all, ready, now, random, onChange }: ChoresOptions): Chores {
  const states = new Map<Chore, State>(
    all.map((chore) => [chore, { dueMs: Number.POSITIVE_INFINITY, failures: 0 }]),
  );
  let closed = false;
  let woken = Promise.withResolvers<void>();

  const attempt = async (chore: Chore, state: State): Promise<void> => {
    // Who asks meanwhile asks for another time.
    state.dueMs = Number.POSITIVE_INFINITY;
    try {
      const nextMs = await chore.run();
      state.dueMs = Math.min(state.dueMs, nextMs ?? state.dueMs);
      state.failures = 0;
      delete state.error;
    } catch (error) {
      if (closed) return;
      if (!(error instanceof EtcdError) && !(error instanceof CniError)) throw error;
      state.failures += 1;
      state.error = error;
      const waitMs = error instanceof EtcdError ? backoffMs(state.failures, random()) : refusedMs;
      state.dueMs = now() + waitMs;
    }
    onChange();
  };
  const run = async (): Promise<void> => {
    while (!closed) {
      woken = Promise.withResolvers();
      for (const [chore, state] of states)
        if (!closed && ready(chore) && state.dueMs <= now()) await attempt(chore, state);
      const due = [...states].flatMap(([chore, { dueMs }]) => (ready(chore) ? [dueMs] : []));
      const waitMs = Math.min(...due) - now();
      // A timer's longest time is 2^31 ms.
      if (!closed && waitMs > 0) await pause(Math.min(waitMs, 60_000), woken.promise);
    }
  };
  void run();
  const wake = (): void => woken.resolve();
  return {
    ask(chore) {
      const state = states.get(chore);
      if (state === undefined || state.failures > 0) return;
      state.dueMs = Math.min(state.dueMs, now());
      wake();
    },
    wake,
    get problems() {
      return [...states].flatMap(([{ doing }, { error }]) => (error === undefined ? [] : [{ doing, error }]));
    },
    close() {
      closed = true;
      wake();
    },
  };
}
