/** Writes down what is known of other hosts: by it they are reached before a directory answers. */
import type { Peer } from "../../../../lib/model/peer.ts";
import type { Store } from "../../../../lib/state/store.ts";

export interface Known {
  readonly peers: readonly Peer[];
  /** Of the directory that says so. */
  readonly revision: string;
}

export interface Snapshots {
  /** Of a network, from now on. Written soon, when it is other than what is written down. */
  note(network: string, known: Known): void;
  /** Other networks are gone. */
  retain(networks: ReadonlySet<string>): void;
  /** The state file is another one: all is written anew. */
  forget(): void;
  /** Writes what is due; all of it when there is no more time. */
  save(options?: { readonly now?: boolean }): void;
  nextMs(): number;
}

/**
 * The first change is written at once, behind the kernel's rows; a burst then in steps, so that writing takes a twentieth of the
 * time at most: of thousands of hosts it takes milliseconds.
 */
const shareOfTime = 20;
const shortestMs = 50;

export function snapshots(directories: () => Store["directories"], now: () => number): Snapshots {
  const known = new Map<string, Known & { dueMs: number; againMs: number; saved: string | undefined }>();
  return {
    note(network, { peers, revision }) {
      const before = known.get(network);
      if (before?.peers === peers) return;
      const againMs = before?.againMs ?? 0;
      known.set(network, { peers, revision, dueMs: Math.max(now(), againMs), againMs, saved: before?.saved });
    },
    retain(networks) {
      for (const network of known.keys()) if (!networks.has(network)) known.delete(network);
    },
    forget() {
      for (const one of known.values()) {
        one.saved = undefined;
        one.dueMs = now();
      }
    },
    save({ now: all = false } = {}) {
      for (const [network, one] of known) {
        if (one.dueMs === Number.POSITIVE_INFINITY || (!all && now() < one.dueMs)) continue;
        const from = performance.now();
        const text = JSON.stringify(one.peers);
        one.saved ??= JSON.stringify(directories().get(network)?.peers);
        if (one.saved !== text)
          directories().put(network, { peers: one.peers, revision: one.revision, savedMs: now() });
        one.saved = text;
        one.againMs = now() + Math.max(shortestMs, shareOfTime * (performance.now() - from));
        one.dueMs = Number.POSITIVE_INFINITY;
      }
    },
    nextMs: () => Math.min(...[...known.values()].map(({ dueMs }) => dueMs)),
  };
}
