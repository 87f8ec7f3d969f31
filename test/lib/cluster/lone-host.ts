/** A host on a fake etcd, a call at a time: what is asked, answered or lost is the test's to say. */
import type { Ip } from "../../../lib/addr/ip.ts";
import { ip } from "../../../lib/addr/ip.ts";
import { type Prefix, prefix } from "../../../lib/addr/prefix.ts";
import type { Pool } from "../../../lib/cluster/pool.ts";
import { type Supplying, supply } from "../../../lib/cluster/supply.ts";
import { type Tended, tend } from "../../../lib/cluster/tend-blocks.ts";
import type { Identity } from "../../../lib/directory/identity.ts";
import { EtcdError } from "../../../lib/etcd/error.ts";
import type { Etcd } from "../../../lib/etcd/etcd.ts";
import type { LeaseOwner } from "../../../lib/state/rows.ts";
import type { Store } from "../../../lib/state/store.ts";
import type { FakeEtcd, Wire } from "../../fake/etcd.ts";
import { owner } from "../state/fixture-values.ts";
import { memoryState, memoryStore } from "../state/memory-store.ts";

/** Blocks of 13 addresses, 16 of them. */
export const pool: Pool = {
  network: "net",
  access: { endpoints: ["http://fake:2379"], prefix: "/p" },
  cidrs: [prefix("10.1.0.0/24")],
  blockBits: { 4: 28, 6: 122 },
  mode: "routed",
};
export const root = "/p/v1/";

export interface LoneHost {
  readonly store: Store;
  /** Milliseconds; set it to go on in time. */
  nowMs: number;
  readonly warnings: string[];
  readonly retired: Prefix[];
  /** As another boot of it, or as one that has lost its state. */
  again(what: "boot" | "state"): LoneHost;
  supply(over?: Partial<Supplying>): Promise<void>;
  tend(retire?: (block: Prefix) => void): Promise<Tended>;
  blocks(): readonly string[];
  /** Leases so many of the addresses of its blocks. */
  fill(count: number): void;
}

export interface LoneOptions {
  readonly uid?: string;
  readonly wire?: Wire;
  readonly identity?: Partial<Identity>;
  readonly bootId?: string;
  readonly pool?: Pool;
}

export function loneHost(etcd: FakeEtcd, options: LoneOptions = {}, state = memoryState()): LoneHost {
  const { uid = "n1", wire, bootId = "boot-1" } = options;
  const own = options.pool ?? pool;
  const self = { nowMs: 1_000_000 };
  const now = () => self.nowMs;
  const store = memoryStore(state, bootId, now);
  const client: Etcd = etcd.client(wire);
  const warnings: string[] = [];
  const retired: Prefix[] = [];
  let containers = 0;
  const host: LoneHost = Object.assign(self, {
    store,
    warnings,
    retired,
    again: (what: "boot" | "state") => {
      const next = what === "state" ? memoryState() : state;
      const other = loneHost(etcd, { ...options, bootId: what === "boot" ? `${bootId}+` : bootId }, next);
      other.nowMs = self.nowMs;
      return other;
    },
    supply: (over: Partial<Supplying> = {}) =>
      supply({
        etcd: client,
        pool: own,
        record: { v: 1, mode: own.mode, cidrs: own.cidrs, blockBits: own.blockBits, udpPort: 4789 },
        identity: { uid, name: `host-${uid}`, bootId, platform: "linux", ...options.identity },
        store,
        now,
        warn: (text) => warnings.push(text),
        families: [4],
        ...over,
      }),
    tend: (retire = (block: Prefix): void => void retired.push(block)) =>
      tend(client, { store, pool: own, uid, now, retire }),
    blocks: () =>
      store.blocks.list(own.network).flatMap((row) => (row.lostMs === undefined ? [row.prefix] : [])),
    fill: (count: number) => {
      const ranges = store.blocks.list(own.network).map(({ prefix: block }) => {
        const [first = ""] = block.split("/");
        const base = Number(first.split(".")[3]);
        return { first: ip(`10.1.0.${base + 2}`), last: ip(`10.1.0.${base + 14}`) };
      });
      for (let i = 0; i < count; i++) store.leases.takeNext(owner(`c${containers++}`), ranges);
    },
  });
  return host;
}

/** Keys below the root, with their values. */
export const keysOf = (etcd: FakeEtcd): Readonly<Record<string, Record<string, unknown>>> =>
  Object.fromEntries(etcd.keys().map(({ key, value }) => [key.slice(root.length), JSON.parse(value)]));

export const writeTo = async (etcd: FakeEtcd, key: string, value: object): Promise<void> => {
  await etcd.client().txn([], [{ kind: "put", key: root + key, value: JSON.stringify(value) }]);
};

export const removeFrom = async (etcd: FakeEtcd, key: string): Promise<void> => {
  await etcd.client().deleteKey(root + key);
};

export const fixedRequest = (address: string, container: string): { address: Ip; owner: LeaseOwner } => ({
  address: ip(address),
  owner: owner(container),
});

export interface LossyWire {
  readonly wire: Wire;
  /** What becomes of the next write: its answer is lost, or it is on its way until `deliver`. */
  lose(how: "answer" | "late"): void;
  /** What was on its way comes to pass, as far as it still can. */
  deliver(): void;
  /** How many calls there were. */
  calls: number;
}

export function lossyWire(): LossyWire {
  const late: (() => unknown)[] = [];
  let next: "answer" | "late" | undefined;
  const lossy: LossyWire = {
    calls: 0,
    lose: (how) => {
      next = how;
    },
    deliver: () => {
      for (const apply of late.splice(0)) apply();
    },
    wire: async ({ doing, writes, apply }) => {
      lossy.calls++;
      if (!writes || next === undefined) return apply();
      const how = next;
      next = undefined;
      if (how === "answer") apply();
      else late.push(apply);
      throw new EtcdError({
        kind: "timeout",
        endpoint: "http://fake:2379",
        doing,
        why: "no answer",
        outcome: "unknown",
      });
    },
  };
  return lossy;
}
