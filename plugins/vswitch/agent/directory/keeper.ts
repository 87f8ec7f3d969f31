/**
 * What the agent does for overlay networks: it is in their directories, learns of other hosts there, and keeps these reachable.
 * What is known is in the kernel and in the state file, so all goes on while a directory is away.
 */
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import type { HostChange } from "../../../../lib/model/change.ts";
import type { OverlaySwitch } from "../../../../lib/model/switch.ts";
import type { Store } from "../../../../lib/state/store.ts";
import type { Host } from "../../host.ts";
import type { Journal } from "../journal.ts";
import { joinConfigured as joinAll } from "./conf-dir.ts";
import { hostFactsCache } from "./host-facts.ts";
import { memberships } from "./memberships.ts";
import { reach, type Way } from "./reach.ts";
import { agentReport, type Reported } from "./report.ts";
import { snapshots } from "./snapshots.ts";
import { readView, type View } from "./view.ts";

export interface DirectoryKeeper {
  /** Whether there is something that must not wait for the kernel alone. */
  readonly active: boolean;
  /** Whether rows by which other hosts are reached matter here. */
  readonly hasPeers: boolean;
  hear(changes: readonly HostChange[]): void;
  /** Does what is due. */
  tick(): void;
  nextMs(): number;
  /** Until a directory has something to say. */
  woken(): Promise<void>;
  /** Everything is looked at, and listed, anew. */
  resync(): void;
  close(): Promise<void>;
}

export interface KeeperOptions {
  /** With the state file that is there now. */
  readonly host: () => Host;
  readonly dataDir: string;
  /** Folder of configurations: networks with a directory are joined before any container is on them. */
  readonly confDir?: string;
  readonly log: Journal;
}

/** Changes that come close together are done together. */
const coalesceMs = 50;
/** The same of the host's own interfaces. */
const factsMs = 500;
/** Between two looks at the configurations. */
const confMs = 60_000;
const never = Number.POSITIVE_INFINITY;

export function directoryKeeper({ host, dataDir, confDir, log }: KeeperOptions): DirectoryKeeper {
  const now = () => Date.now();
  const { random } = Math;
  let dirty = true;
  let wake = Promise.withResolvers<void>();
  const onChange = (): void => {
    if (dirty) return;
    dirty = true;
    wake.resolve();
  };
  const facts = hostFactsCache({ observeHost: (...asked) => host().backend.observeHost(...asked) });
  const directories = memberships({
    ...{ host, dataDir, now, random, say: log.say, onChange },
    onStore: () => {
      viewMs = 0;
      wake.resolve();
    },
  });
  const saving = snapshots(() => host().store.directories, now);
  const report = agentReport(dataDir, host().bootId, now);
  const reaching = reach({
    backend: {
      connectPeers: (...asked) => host().backend.connectPeers(...asked),
      repairSwitch: (...asked) => host().backend.repairSwitch(...asked),
    },
    whileUsed: (network) => (fn) =>
      host().store.transaction(() => {
        if (host().store.endpoints.list(network).length > 0) fn();
      }),
    plans: () => view?.endpoints.map(({ plan }) => plan) ?? [],
    ...{ say: log.say, now, random },
  });
  let view: View | undefined;
  let seen: { readonly store: Store; readonly version: number | undefined } | undefined;
  /** When the host's own interfaces are to be looked at again. */
  let viewMs = 0;
  let settledMs = 0;
  let joinMs = confDir === undefined ? never : 0;
  let unjoined: readonly Complaint[] = [];
  let ways: ReadonlyMap<string, Way> = new Map();
  let trouble: Error | undefined;

  const joinConfigured = (): void => {
    if (confDir === undefined || now() < joinMs) return;
    joinMs = now() + confMs;
    const { backend } = host();
    const { say, warn } = log;
    const before = JSON.stringify(unjoined);
    unjoined = joinAll({ confDir, dataDir, backend, say, warn });
    if (JSON.stringify(unjoined) !== before) report.changed();
  };

  /** The state file, where it is another one than it was. */
  const look = (): void => {
    const { store } = host();
    const version = store.version();
    const isNew = seen?.store !== store;
    if (!isNew && seen?.version === version && now() < viewMs) return;
    if (isNew) saving.forget();
    view = readView(host(), facts, log.say);
    directories.join(view);
    seen = { store, version };
    viewMs = never;
    saving.retain(new Set(view.networks.map(({ name }) => name)));
    dirty = true;
  };

  /** What is known of other hosts, to the kernel and to the state file. */
  const settle = ({ networks, endpoints, own, known }: View): void => {
    const used = new Set(endpoints.map(({ network }) => network));
    const listed = directories.peers(known);
    ways = new Map(
      networks.map(({ name, spec }): [string, Way] => {
        const found = listed.get(name);
        if (found?.doubted === false) saving.note(name, found);
        const peers = found?.peers ?? known(name);
        const keeping = found?.doubted ?? spec.directory !== undefined;
        const remotes = { peers, own: own.get(name) ?? [] };
        return [name, { switch: spec.switch, remotes, keeping, used: used.has(name) }];
      }),
    );
    reaching.want(ways);
    report.changed();
  };

  const reported = (): Reported => ({
    directories: directories.reported,
    networks: (view?.networks ?? []).map(({ name }) => ({
      name,
      peers: ways.get(name)?.remotes.peers.length ?? 0,
      remembered: ways.get(name)?.keeping ?? true,
      complaints: [
        ...(view?.complaints.get(name) ?? []),
        ...reaching.complaints(name),
        ...directories.complaints(name),
      ],
    })),
    ...{ trouble, unjoined },
  });

  const work = (): void => {
    joinConfigured();
    look();
    directories.tick();
    if (dirty && view !== undefined && now() >= settledMs + coalesceMs) {
      dirty = false;
      settledMs = now();
      settle(view);
    }
    // Not by what was wanted before: a gateway that has just been taken away would come back.
    if (!dirty && reaching.run()) report.changed();
    saving.save();
  };

  return {
    get active() {
      return directories.count > 0;
    },
    get hasPeers() {
      return (view?.networks.length ?? 0) > 0;
    },
    hear(changes) {
      if (facts.hear(changes)) viewMs = Math.min(viewMs, now() + factsMs);
      for (const change of changes)
        if (change.kind === "peers") reaching.distrust(change.network);
        else if (change.kind === "host" || change.kind === "network") reaching.distrust();
        else if (change.kind === "interface")
          for (const { name, spec } of view?.networks ?? [])
            if (linksOf(spec.switch).includes(change.name)) reaching.distrust(name);
    },
    tick() {
      wake = Promise.withResolvers();
      const before = trouble;
      try {
        work();
        trouble = undefined;
      } catch (error) {
        trouble = error instanceof Error ? error : new Error(String(error));
        throw error;
      } finally {
        if (before?.message !== trouble?.message) report.changed();
        report.say(reported);
      }
    },
    nextMs: () =>
      Math.min(
        dirty ? settledMs + coalesceMs : reaching.nextMs(),
        ...[viewMs, joinMs],
        ...[saving, report, directories].map((one) => one.nextMs()),
      ),
    woken: () => wake.promise,
    resync() {
      facts.forget();
      viewMs = 0;
      if (confDir !== undefined) joinMs = 0;
      reaching.distrust();
      directories.relist();
    },
    async close() {
      saving.save({ now: true });
      await directories.close();
    },
  };
}

const linksOf = ({ name, tunnel }: OverlaySwitch): readonly string[] => [name, tunnel.name, tunnel.uplink];
