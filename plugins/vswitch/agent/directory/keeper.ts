/**
 * What the agent does for overlay networks: it is in their directories, learns of other hosts there, and keeps these reachable.
 * What is known is in the kernel and in the state file, so all goes on while a directory is away.
 */
import { hostname } from "node:os";
import type { Prefix } from "../../../../lib/addr/prefix.ts";
import { localUid } from "../../../../lib/cluster/local-uid.ts";
import { version } from "../../../../lib/cni/main.ts";
import type { EtcdAccess } from "../../../../lib/directory/config.ts";
import { nodeName } from "../../../../lib/directory/identity.ts";
import { isDoubtful, withheld } from "../../../../lib/directory/withhold.ts";
import { openEtcd } from "../../../../lib/etcd/open.ts";
import type { HostChange } from "../../../../lib/model/change.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import type { Store } from "../../../../lib/state/store.ts";
import type { Host } from "../../host.ts";
import type { Journal } from "../journal.ts";
import { etcdMembership } from "./etcd-membership.ts";
import { hostFactsCache } from "./host-facts.ts";
import { accessKey, localOf, type OverlayNetwork } from "./local-of.ts";
import type { Local, Membership } from "./membership.ts";
import { reach, type Way } from "./reach.ts";
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
  readonly log: Journal;
}

/** Changes that come close together are done together. */
const coalesceMs = 50;
/** The same of the host's own interfaces. */
const factsMs = 500;
/** Before a listing is asked for again that takes many away. */
const confirmMs = 1000;

interface Held {
  readonly membership: Membership;
  readonly networks: readonly OverlayNetwork[];
  /** Networks whose peers are as the directory says: what was known before counts no more. */
  readonly trusted: Set<string>;
  confirmMs: number;
}

export function directoryKeeper({ host, dataDir, log }: KeeperOptions): DirectoryKeeper {
  const now = () => Date.now();
  const facts = hostFactsCache({ observeHost: (...asked) => host().backend.observeHost(...asked) });
  const held = new Map<string, Held>();
  const saving = snapshots(() => host().store.directories, now);
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
    say: log.say,
    now,
    random: Math.random,
  });
  let view: View | undefined;
  let seen: { readonly store: Store; readonly version: number | undefined } | undefined;
  let viewMs = 0;
  let dirty = true;
  let doneMs = 0;
  let wake = Promise.withResolvers<void>();
  const onChange = (): void => {
    if (dirty) return;
    dirty = true;
    wake.resolve();
  };

  /** The state file, where it is another one than it was. */
  const look = (): void => {
    const { store } = host();
    const version = store.version();
    const isNew = seen?.store !== store;
    if (!isNew && seen?.version === version && now() < viewMs) return;
    if (isNew) saving.forget();
    view = readView(host(), facts, log.say);
    join(view);
    seen = { store, version };
    viewMs = Number.POSITIVE_INFINITY;
    saving.retain(new Set(view.networks.map(({ name }) => name)));
    dirty = true;
  };

  const join = (next: View): void => {
    const groups = groupsOf(next);
    for (const [key, { membership }] of held)
      if (!groups.has(key)) {
        held.delete(key);
        void membership.close();
      }
    for (const [key, { access, type, networks, pools }] of groups) {
      const local = localOf(networks, pools, surroundingsOf(next, dataDir, host().bootId));
      const known = held.get(key);
      if (known === undefined) {
        const membership = open(access, type, local);
        held.set(key, { membership, networks, trusted: new Set(), confirmMs: Number.POSITIVE_INFINITY });
      } else {
        held.set(key, { ...known, networks });
        known.membership.update(local);
      }
    }
  };

  const open = (access: EtcdAccess, type: string, local: Local): Membership => {
    const place = `${access.endpoints.join(", ")}${access.prefix}`;
    const etcd = openEtcd(access, { log: log.say });
    if (type !== "etcd") throw new Error(`no directory of type ${type}: ${place}`);
    log.say(`directory ${place}: this host is ${local.identity.name} (${local.identity.uid})`);
    return etcdMembership({
      ...{ etcd, access, local, version, now, random: Math.random, onChange },
      say: log.say,
      tending: { store: () => host().store, retire: () => {} },
    });
  };

  /** What is known of other hosts, to the kernel. */
  const settle = (): void => {
    if (view === undefined) return;
    const ways = new Map<string, Way>();
    const used = new Set(view.endpoints.map(({ network }) => network));
    const listed = new Map<string, { readonly peers: readonly Peer[]; readonly keeping: boolean }>();
    for (const one of held.values()) for (const [name, known] of peersOf(one)) listed.set(name, known);
    for (const { name, spec, mtu } of view.networks) {
      const vswitch = spec.switch;
      const known = listed.get(name);
      const keeping = known?.keeping ?? spec.directory !== undefined;
      const peers = clamped(known?.peers ?? view.known(name), mtu, vswitch.mtu);
      ways.set(name, {
        ...{ switch: vswitch, keeping, used: used.has(name) },
        remotes: { peers, own: view.own.get(name) ?? [] },
      });
    }
    reaching.want(ways);
  };

  const peersOf = (
    one: Held,
  ): ReadonlyMap<string, { readonly peers: readonly Peer[]; readonly keeping: boolean }> => {
    const found = new Map<string, { readonly peers: readonly Peer[]; readonly keeping: boolean }>();
    const desired = one.membership.desired();
    if (desired === undefined) return found;
    const { garbage, follow, revision } = one.membership.status;
    for (const { name } of one.networks) {
      const peers = desired.get(name)?.peers;
      if (peers === undefined) continue;
      const known = one.trusted.has(name) ? [] : (view?.known(name) ?? []);
      if (isDoubtful(known, peers, { garbage }) && follow.listings < 2) {
        one.confirmMs = Math.min(one.confirmMs, now() + confirmMs);
        found.set(name, { peers: withheld(known, peers), keeping: true });
      } else {
        one.trusted.add(name);
        found.set(name, { peers, keeping: false });
        saving.note(name, { peers, revision });
      }
    }
    return found;
  };

  return {
    get active() {
      return held.size > 0;
    },
    get hasPeers() {
      return (view?.networks.length ?? 0) > 0;
    },
    hear(changes) {
      if (facts.hear(changes)) viewMs = Math.min(viewMs, now() + factsMs);
      for (const change of changes) {
        if (change.kind === "peers") reaching.distrust(change.network);
        else if (change.kind === "host" || change.kind === "network") reaching.distrust();
        else if (change.kind === "interface")
          for (const { name, spec } of view?.networks ?? [])
            if (linksOf(spec.switch).includes(change.name)) reaching.distrust(name);
      }
    },
    tick() {
      wake = Promise.withResolvers();
      look();
      for (const one of held.values())
        if (now() >= one.confirmMs) {
          one.confirmMs = Number.POSITIVE_INFINITY;
          one.membership.relist();
        }
      if (dirty && now() >= doneMs + coalesceMs) {
        dirty = false;
        doneMs = now();
        settle();
      }
      reaching.run();
      saving.save();
    },
    nextMs: () =>
      Math.min(
        dirty ? doneMs + coalesceMs : Number.POSITIVE_INFINITY,
        viewMs,
        reaching.nextMs(),
        saving.nextMs(),
        ...[...held.values()].map((one) => one.confirmMs),
      ),
    woken: () => wake.promise,
    resync() {
      facts.forget();
      viewMs = 0;
      reaching.distrust();
      for (const { membership } of held.values()) membership.relist();
    },
    async close() {
      saving.save({ now: true });
      await Promise.all([...held.values()].map(({ membership }) => membership.close()));
    },
  };
}

const linksOf = ({ name, tunnel }: OverlayNetwork["spec"]["switch"]): readonly string[] => [
  name,
  tunnel.name,
  tunnel.uplink,
];

/** Where the underlay carries less than this host's containers send, the routes to other hosts say so. */
function clamped(peers: readonly Peer[], mtu: number, own: number): readonly Peer[] {
  if (mtu >= own) return peers;
  return peers.map((peer) => ({ ...peer, mtu: Math.min(peer.mtu ?? mtu, mtu) }));
}

interface Group {
  readonly access: EtcdAccess;
  readonly type: string;
  readonly networks: OverlayNetwork[];
  readonly pools: View["pools"][number][];
}

/** By directory. */
function groupsOf({ networks, pools }: View): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  const groupOf = (access: EtcdAccess, type: string): Group => {
    const key = accessKey(access, type);
    const group = groups.get(key) ?? { access, type, networks: [], pools: [] };
    groups.set(key, group);
    return group;
  };
  for (const network of networks) {
    const access = network.spec.directory?.access;
    if (access !== undefined) groupOf(access, access.type).networks.push(network);
  }
  for (const pool of pools) groupOf(pool.access, "etcd").pools.push(pool);
  return groups;
}

function surroundingsOf({ networks, endpoints, blocks }: View, dataDir: string, bootId: string) {
  const uid = localUid(dataDir);
  const own = new Map<string, Prefix[]>();
  for (const { network, prefix, lostMs } of blocks)
    if (lostMs === undefined) own.set(network, [...(own.get(network) ?? []), prefix]);
  return {
    switches: networks.map(({ spec }) => spec.switch.name),
    identity: { uid, name: nodeName(hostname(), uid), bootId, platform: process.platform },
    endpoints,
    blocks: own,
  };
}
