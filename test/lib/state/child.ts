/** A process of its own that works on a store: `bun child.ts JSON`. Prints one JSON line per event. */
import { writeSync } from "node:fs";
import { CniError } from "../../../lib/cni/error.ts";
import { openStore } from "../../../lib/state/store.ts";
import { interval, owner } from "./fixture-values.ts";

export interface ChildTask {
  readonly dataDir: string;
  /** Container id of the leases. */
  readonly id: string;
  readonly first: string;
  readonly last: string;
  /** Bytes of ballast per transaction, to fill a disk. */
  readonly ballast?: number;
  /** How many addresses to take; released at once again when `churn`. */
  readonly count: number;
  readonly churn?: boolean;
  /** Begin at this time, in milliseconds since 1970: several that were started before really run at once. */
  readonly startMs?: number;
  /** Tell at the end what is in the store. */
  readonly recount?: boolean;
  /** End by SIGKILL, as if the machine had decided so. */
  readonly killSelf?: boolean;
  readonly whenMissing?: "create" | "empty";
}

export interface ChildEvent {
  readonly address?: string | null;
  readonly error?: {
    readonly code: number;
    readonly reason: string;
    readonly message: string;
    readonly details: string;
  };
  readonly warning?: string;
  readonly rows?: { readonly networks: number; readonly leases: number };
}

/** Not by process.stdout, which takes 15 ms to load. */
const say = (event: ChildEvent): void => void writeSync(1, `${JSON.stringify(event)}\n`);

const task = JSON.parse(process.argv[2] ?? "{}") as ChildTask;
const store = openStore({
  dataDir: task.dataDir,
  bootId: "boot-1",
  now: Date.now,
  warn: (warning) => say({ warning }),
  ...(task.whenMissing && { whenMissing: task.whenMissing }),
});
while (Date.now() < (task.startMs ?? 0));
try {
  for (let i = 0; i < task.count; i++) {
    const who = owner(`${task.id}-${i}`);
    const taken = store.transaction(() => {
      if (task.ballast)
        store.networks.put({ name: `${task.id}-${i}`, kind: "nat", spec: "x".repeat(task.ballast) });
      return store.leases.takeNext(who, [interval(task.first, task.last)]);
    });
    say({ address: taken?.address ?? null });
    if (task.churn) store.leases.release(who.key);
  }
} catch (error) {
  if (!(error instanceof CniError)) throw error;
  const { code, reason, message, details = "" } = error;
  say({ error: { code, reason, message, details } });
}
if (task.recount)
  say({ rows: { networks: store.networks.list().length, leases: store.leases.list().length } });
if (task.killSelf) process.kill(process.pid, "SIGKILL");
store.close();
