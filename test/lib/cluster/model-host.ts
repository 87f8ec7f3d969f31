/** A host with containers, as far as its addresses go: what its plugins, its agent, a crash and a loss of its state do. */
import type { Ip } from "../../../lib/addr/ip.ts";
import { prefixAddress } from "../../../lib/addr/prefix.ts";
import { releaseAddresses } from "../../../lib/cluster/fixed-address.ts";
import type { Pool } from "../../../lib/cluster/pool.ts";
import { publishNode } from "../../../lib/cluster/publish-node.ts";
import { supply } from "../../../lib/cluster/supply.ts";
import { tend } from "../../../lib/cluster/tend-blocks.ts";
import { CniError } from "../../../lib/cni/error.ts";
import { EtcdError } from "../../../lib/etcd/error.ts";
import type { Etcd } from "../../../lib/etcd/etcd.ts";
import { ownerKey } from "../../../lib/model/owner.ts";
import type { Store } from "../../../lib/state/store.ts";
import { ipamAdd, ipamDel } from "../../../plugins/ipam/ipam.ts";
import { noteTried } from "../../../plugins/ipam/pool/ask.ts";
import { isLacking } from "../../../plugins/ipam/pool/is-lacking.ts";
import { request } from "../../plugins/ipam/fixture.ts";
import { memoryState, memoryStore } from "../state/memory-store.ts";

export interface World {
  readonly pool: Pool;
  now(): number;
  /** @param isAlive whether the process that calls is */
  client(isAlive: () => boolean): Etcd;
}

export interface ModelHost {
  readonly uid: string;
  isUp(): boolean;
  /** Verbs and rounds of the agent at work. */
  atWork(): number;
  /** Addresses of the containers that are alive. */
  readonly containers: ReadonlyMap<string, readonly Ip[]>;
  readonly store: () => Store;
  /** @returns when it is done, however it ends; never when the host dies over it */
  add(id: string, asked?: string): Promise<void>;
  del(id: string): Promise<void>;
  tend(): Promise<void>;
  crash(): void;
  boot(): void;
  loseState(): void;
  /** Somebody has given its blocks away while it was down. */
  noteRemoved(): void;
}

export function modelHost(uid: string, world: World): ModelHost {
  const { pool, now } = world;
  const containers = new Map<string, readonly Ip[]>();
  let state = memoryState();
  let boot = 1;
  let isUp = true;
  let isRemoved = false;
  let atWork = 0;
  /** One process at a time asks the directory: the file lock. */
  let turn: Promise<unknown> = Promise.resolve();
  const bootId = () => `${uid}-boot-${boot}`;
  const identity = () => ({ uid, name: uid, bootId: bootId(), platform: "linux" });
  const store = () => memoryStore(state, bootId(), now);

  const alive = (): (() => boolean) => {
    const [mine, whose] = [boot, state];
    return () => isUp && boot === mine && state === whose;
  };
  const exclusively = <T>(fn: () => Promise<T>): Promise<T> => {
    const mine = turn.then(fn, fn);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const job = async (fn: () => Promise<void>): Promise<void> => {
    const isAlive = alive();
    atWork++;
    try {
      await fn();
    } catch (error) {
      if (!(error instanceof EtcdError || error instanceof CniError) || isDefect(error)) throw error;
    } finally {
      if (isAlive()) atWork--;
    }
  };
  const ipam = {
    type: "ipam",
    store: "etcd",
    endpoints: pool.access.endpoints,
    prefix: pool.access.prefix,
    cidrs: pool.cidrs,
    blockBits: pool.blockBits[4],
    mode: pool.mode,
  };
  const context = {
    now,
    log: { warn: () => undefined },
    backend: { compartmentExists: () => true, remove: () => undefined },
  };

  return {
    uid,
    containers,
    store,
    isUp: () => isUp,
    atWork: () => atWork,
    add: (id, asked) =>
      job(async () => {
        const isAlive = alive();
        const env = asked === undefined ? {} : { CNI_ARGS: `IP=${asked}` };
        const add = request("ADD", id, { name: pool.network, ipam }, env);
        for (;;) {
          try {
            const { ips } = ipamAdd(add, store(), context);
            containers.set(
              id,
              ips.map(({ address }) => prefixAddress(address)),
            );
            return;
          } catch (error) {
            if (!isLacking(error)) throw error;
            const { families, fixed } = error.lack;
            const isLook = families.length === 0 && fixed === undefined;
            const own = {
              etcd: world.client(isAlive),
              pool,
              record: { v: 1, mode: pool.mode, cidrs: pool.cidrs, blockBits: pool.blockBits, udpPort: 4789 },
              identity: identity(),
              store: store(),
              now,
              warn: () => undefined,
              families,
              ...(fixed && { fixed }),
            } as const;
            try {
              await exclusively(() => supply(own));
              isRemoved = false;
            } catch (failure) {
              // A host that was given up comes back where the directory is: else nobody could tell it.
              if (!isLook || isRemoved || !(failure instanceof EtcdError)) throw failure;
              noteTried(own.store, pool, now());
            }
          }
        }
      }),
    del: (id) =>
      job(async () => {
        const isAlive = alive();
        // The kernel's part comes first.
        containers.delete(id);
        const del = request("DEL", id, { name: pool.network, ipam });
        if (!ipamDel(del, store(), context)) return;
        const key = ownerKey({ network: pool.network, containerId: id, ifname: "eth0" });
        const etcd = world.client(isAlive);
        await exclusively(() => releaseAddresses({ etcd, pool, store: store(), now }, key));
      }),
    tend: () =>
      job(async () => {
        const etcd = world.client(alive());
        const retire = () => undefined;
        await publishNode(etcd, pool.access.prefix, identity());
        await exclusively(() => tend(etcd, { store: store(), pool, uid, now, retire }));
      }),
    crash() {
      isUp = false;
      atWork = 0;
      turn = Promise.resolve();
      containers.clear();
    },
    boot() {
      boot++;
      isUp = true;
    },
    loseState() {
      state = memoryState();
      atWork = 0;
      turn = Promise.resolve();
      // What the kernel's marks say is known again.
      for (const [containerId, addresses] of containers) {
        const owner = { network: pool.network, containerId, ifname: "eth0", netns: "" };
        for (const address of addresses) store().leases.take({ ...owner, key: ownerKey(owner) }, address);
      }
    },
    noteRemoved() {
      isRemoved = true;
    },
  };
}

/** What no test provokes. */
const isDefect = (error: Error): boolean =>
  error instanceof CniError && ![11, 102, 103, 108].includes(error.code);

export const blocksOf = (host: ModelHost, network: string): readonly string[] =>
  host
    .store()
    .blocks.list(network)
    .flatMap((row) => (row.lostMs === undefined ? [`${row.prefix} ${row.revision}`] : []));
