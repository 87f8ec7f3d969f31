/**
 * Follows a directory: lists it, judges what the listing says, and goes on by events. It never gives up: what is known stays
 * while the store is away, and a listing now and then finds what no event told of.
 */
import type { Complaint } from "../directory/complaint.ts";
import { type Doubt, judgeListing } from "../directory/judge-listing.ts";
import { applyEvents, type DirectoryEvent, emptyState, type Layout, type State } from "../directory/state.ts";
import { EtcdError } from "../etcd/error.ts";
import type { Etcd, Watch } from "../etcd/etcd.ts";
import { nextRevision } from "../etcd/revision.ts";
import { backoffMs } from "../etcd/watch/backoff.ts";
import { pause } from "./pause.ts";

export interface FollowOptions<T extends object> {
  readonly etcd: Etcd;
  readonly layout: Layout<T>;
  /** What all of its keys begin with. */
  readonly root: string;
  /** What of it is listed, each by itself, the smallest first: several come at once. All when absent. */
  readonly folders?: readonly string[];
  /** Called when the state or the status may be another. */
  readonly onChange: () => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1, for jitter. */
  readonly random: () => number;
  /** Between two listings while all is well; 300 000 when absent. */
  readonly relistMs?: number;
  /** Before a listing that is not believed is asked for again; 1000 when absent. */
  readonly confirmMs?: number;
}

export interface Following<T extends object> {
  /** What is to be gone by: the same object while nothing has changed. Empty before the first listing. */
  readonly state: State<T>;
  readonly status: FollowStatus;
  /** Lists anew, soon. */
  relist(): void;
  close(): void;
}

export interface FollowStatus {
  /** "up": what happens there is told at once. */
  readonly link: "connecting" | "up" | "away";
  /** Since when, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** With which member, when it is up. */
  readonly endpoint?: string;
  /** Why it is away. */
  readonly error?: string;
  /** How many listings were had. */
  readonly listings: number;
  /** The last one, in milliseconds since 1970. */
  readonly listedMs?: number;
  /** Listings fail, although events come. */
  readonly unlisted?: { readonly sinceMs: number; readonly error: string };
  /** A listing is not believed. */
  readonly doubt?: { readonly sinceMs: number; readonly complaints: readonly Complaint[] };
}

export function follow<T extends object>(options: FollowOptions<T>): Following<T> {
  const { etcd, layout, root, onChange, now, random, relistMs = 300_000, confirmMs = 1000 } = options;
  const [first = root, ...others] = options.folders ?? [];
  let state = emptyState(layout);
  let queue: DirectoryEvent[] = [];
  /** All that came while a listing was under way. */
  let meanwhile: DirectoryEvent[] | undefined;
  let doubt: Doubt | undefined;
  let watch: Watch | undefined;
  let status: FollowStatus = { link: "connecting", sinceMs: now(), listings: 0 };
  let closed = false;
  let wake = Promise.withResolvers<void>();

  const settled = (): State<T> => {
    if (queue.length > 0) state = applyEvents(layout, state, queue.splice(0));
    return state;
  };
  const relist = (): void => wake.resolve();
  const become = (link: FollowStatus["link"], more: Pick<FollowStatus, "endpoint" | "error">): void => {
    const { endpoint: _, error: __, ...rest } = status;
    status = { ...rest, link, sinceMs: link === status.link ? status.sinceMs : now(), ...more };
    onChange();
  };

  const list = async (): Promise<void> => {
    const before = settled();
    meanwhile = [];
    try {
      const { revision, kvs } = await etcd.list(first);
      const more = await Promise.all(others.map((folder) => etcd.list(folder, revision)));
      const listing = { revision, kvs: [kvs, ...more.map((one) => one.kvs)].flat() };
      const judgement = judgeListing(layout, before, listing, doubt);
      state = applyEvents(layout, judgement.state, meanwhile);
      queue = [];
      doubt = judgement.doubt;
      const { unlisted: _, doubt: __, ...rest } = status;
      status = {
        ...rest,
        listings: status.listings + 1,
        listedMs: now(),
        ...(doubt && {
          doubt: { sinceMs: status.doubt?.sinceMs ?? now(), complaints: doubt.complaints },
        }),
      };
      if (watch === undefined) listen(nextRevision(revision));
      onChange();
    } finally {
      meanwhile = undefined;
    }
  };
  const listen = (from: string): void => {
    watch = etcd.watch(root, from, {
      onEvents: (events) => {
        queue.push(...events);
        meanwhile?.push(...events);
        onChange();
      },
      onCompacted: () => {
        watch = undefined;
        relist();
      },
      onUp: (endpoint) => become("up", { endpoint }),
      onDown: ({ message }) => become("away", { error: message }),
    });
  };
  const failed = (error: EtcdError): void => {
    // A watch tells by itself whether it stands.
    if (watch === undefined || status.link !== "up") {
      become("away", { error: error.message });
      return;
    }
    status = { ...status, unlisted: { sinceMs: status.unlisted?.sinceMs ?? now(), error: error.message } };
    onChange();
  };
  const run = async (): Promise<void> => {
    for (let failures = 0; !closed; ) {
      wake = Promise.withResolvers();
      try {
        await list();
        failures = 0;
        await pause(doubt === undefined ? relistMs * (0.9 + 0.2 * random()) : confirmMs, wake.promise);
      } catch (error) {
        if (closed) return;
        if (!(error instanceof EtcdError)) throw error;
        failures += 1;
        failed(error);
        wake = Promise.withResolvers();
        await pause(backoffMs(failures, random()), stop.promise);
      }
    }
  };
  const stop = Promise.withResolvers<void>();
  void run();
  return {
    get state() {
      return settled();
    },
    get status() {
      return status;
    },
    relist,
    close() {
      closed = true;
      stop.resolve();
      relist();
      watch?.close();
    },
  };
}
