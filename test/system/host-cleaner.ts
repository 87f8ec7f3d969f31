/** Keeps what has to go when this process ends, however it ends. */
import { rmSync } from "node:fs";
import { deleteNamespaces, sweepLeftovers } from "./namespaces.ts";

/** What one host owns; `names` grows while it lives. */
export interface Owned {
  readonly names: ReadonlySet<string>;
  readonly dir: string;
}

export interface Cleaner {
  /** Remembers what a host owns; the function returned removes it now. */
  add(owned: Owned): () => void;
  removeNow(names: readonly string[]): void;
}

/** One per process, since the end of the process is what it watches. */
export const cleaner: Cleaner = createCleaner();

function createCleaner(): Cleaner {
  const all = new Set<Owned>();
  const remove = (owned: Owned) => {
    all.delete(owned);
    deleteNamespaces([...owned.names]);
    rmSync(owned.dir, { recursive: true, force: true });
  };
  const removeAll = () => {
    for (const owned of [...all]) remove(owned);
  };
  const watch = () => {
    sweepLeftovers();
    process.on("exit", removeAll);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => {
        removeAll();
        process.kill(process.pid, signal);
      });
    }
  };
  const seen = { watching: false };
  return {
    add: (owned) => {
      if (!seen.watching) watch();
      seen.watching = true;
      all.add(owned);
      return () => remove(owned);
    },
    removeNow: deleteNamespaces,
  };
}
