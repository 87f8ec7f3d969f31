/** The directories that this host is in: one client for each, whatever number of networks. */
import { hostname } from "node:os";
import type { Prefix } from "../../../../lib/addr/prefix.ts";
import { localUid } from "../../../../lib/cluster/local-uid.ts";
import { version } from "../../../../lib/cni/main.ts";
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import type { EtcdAccess } from "../../../../lib/directory/config.ts";
import { nodeName } from "../../../../lib/directory/identity.ts";
import { isDoubtful, withheld } from "../../../../lib/directory/withhold.ts";
import { openEtcd } from "../../../../lib/etcd/open.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import type { Host } from "../../host.ts";
import { etcdMembership } from "./etcd-membership.ts";
import { flannelMembership } from "./flannel-membership.ts";
import { accessKey, localOf, type OverlayNetwork, type Surroundings } from "./local-of.ts";
import type { Local, Membership } from "./membership.ts";
import type { ReportedDirectory } from "./report.ts";
import { retireBlock } from "./retire-block.ts";
import type { View } from "./view.ts";

export interface Memberships {
  readonly count: number;
  /** With what of the host concerns them from now on: comes to new ones, and leaves those that nothing here is in. */
  join(view: View): void;
  /** Of networks whose directory has answered. @param known peers of before this process */
  peers(known: (network: string) => readonly Peer[]): ReadonlyMap<string, ListedPeers>;
  complaints(network: string): readonly Complaint[];
  readonly reported: readonly ReportedDirectory[];
  /** Does what is due. */
  tick(): void;
  nextMs(): number;
  relist(): void;
  close(): Promise<void>;
}

export interface ListedPeers {
  readonly peers: readonly Peer[];
  readonly revision: string;
  /** Some are held that the listing lacks, before another one agrees. */
  readonly doubted: boolean;
}

export interface MembershipsOptions {
  readonly host: () => Host;
  readonly dataDir: string;
  readonly now: () => number;
  readonly random: () => number;
  readonly say: (text: string) => void;
  readonly onChange: () => void;
  /** The state file says something else, by this process itself. */
  readonly onStore: () => void;
}

/** How soon it is noticed that the way to a store is cut, ms. */
const livenessMs = 5000;
/** Before a listing is asked for again that takes many away. */
const confirmMs = 1000;

interface Held {
  readonly access: EtcdAccess;
  readonly type: "etcd" | "flannel";
  readonly membership: Membership;
  local: Local;
  /** Networks whose peers are as the directory says: what was known before counts no more. */
  readonly trusted: Set<string>;
  confirmMs: number;
}

export function memberships(options: MembershipsOptions): Memberships {
  const { host, dataDir, now, random, say, onChange, onStore } = options;
  const held = new Map<string, Held>();

  const open = (access: EtcdAccess, type: Held["type"], local: Local): Membership => {
    const { name, uid } = local.identity;
    say(`directory ${access.endpoints.join(", ")}${access.prefix}: this host is ${name} (${uid})`);
    const parts = {
      ...{ etcd: openEtcd(access, { log: say, livenessMs }), access, local, now, random, say, onChange },
      tending: {
        store: () => host().store,
        retire: (network: string, block: Prefix) => {
          retireBlock(host(), network, block);
          onStore();
        },
        changed: onStore,
      },
    };
    return type === "flannel" ? flannelMembership(parts) : etcdMembership({ ...parts, version });
  };

  const listed = (one: Held, network: string, known: readonly Peer[]): ListedPeers | undefined => {
    const { membership, trusted } = one;
    const peers = membership.desired()?.get(network)?.peers;
    if (peers === undefined) return undefined;
    const { garbage, follow, revision } = membership.status;
    const doubted = !trusted.has(network) && follow.listings < 2 && isDoubtful(known, peers, { garbage });
    if (doubted) {
      one.confirmMs = Math.min(one.confirmMs, now() + confirmMs);
      return { peers: withheld(known, peers), revision, doubted };
    }
    trusted.add(network);
    return { peers, revision, doubted };
  };

  return {
    get count() {
      return held.size;
    },
    join(view) {
      const groups = groupsOf(view);
      for (const [key, { membership }] of held) {
        if (groups.has(key)) continue;
        held.delete(key);
        void membership.close();
      }
      for (const [key, { access, type, networks, pools }] of groups) {
        const local = localOf(networks, pools, surroundingsOf(view, localUid(dataDir), host().bootId));
        const known = held.get(key);
        // What is open to the store came from an address that is gone.
        const moved = known !== undefined && known.local.node?.vtep !== local.node?.vtep;
        if (moved) void known.membership.close();
        if (known === undefined || moved) {
          const membership = open(access, type, local);
          const rest = { local, trusted: new Set<string>(), confirmMs: Number.POSITIVE_INFINITY };
          held.set(key, { access, type, membership, ...rest });
        } else {
          known.local = local;
          known.membership.update(local);
        }
      }
    },
    peers(known) {
      const found = new Map<string, ListedPeers>();
      for (const one of held.values())
        for (const { network } of one.local.networks) {
          const peers = listed(one, network, known(network));
          if (peers !== undefined) found.set(network, peers);
        }
      return found;
    },
    complaints: (network) =>
      [...held.values()].flatMap(({ membership }) => membership.desired()?.get(network)?.complaints ?? []),
    get reported() {
      return [...held.values()].map(({ access, type, local, membership }) => ({
        ...{ access, type, local },
        status: membership.status,
      }));
    },
    tick() {
      for (const one of held.values()) {
        if (now() < one.confirmMs) continue;
        one.confirmMs = Number.POSITIVE_INFINITY;
        one.membership.relist();
      }
    },
    nextMs: () => Math.min(...[...held.values()].map((one) => one.confirmMs)),
    relist() {
      for (const { membership } of held.values()) membership.relist();
    },
    async close() {
      await Promise.all([...held.values()].map(({ membership }) => membership.close()));
    },
  };
}

interface Group {
  readonly access: EtcdAccess;
  readonly type: Held["type"];
  readonly networks: OverlayNetwork[];
  readonly pools: View["pools"][number][];
}

/** By directory. */
function groupsOf({ networks, pools }: View): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  const groupOf = (access: EtcdAccess, type: Held["type"]): Group => {
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

function surroundingsOf(
  { networks, endpoints, blocks, pools }: View,
  uid: string,
  bootId: string,
): Surroundings {
  const own = new Map<string, Prefix[]>();
  for (const { network, prefix, lostMs } of blocks)
    if (lostMs === undefined) own.set(network, [...(own.get(network) ?? []), prefix]);
  return {
    switches: networks.map(({ spec }) => spec.switch.name),
    identity: { uid, name: nodeName(hostname(), uid), bootId, platform: process.platform },
    endpoints,
    blocks: own,
    dealt: new Set([...blocks, ...pools].map(({ network }) => network)),
  };
}
