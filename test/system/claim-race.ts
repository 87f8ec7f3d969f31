/** Many hosts that all need addresses of one network at once, each with a state file of its own. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { prefix } from "../../lib/addr/prefix.ts";
import type { Pool } from "../../lib/cluster/pool.ts";
import { supply } from "../../lib/cluster/supply.ts";
import type { EtcdAccess } from "../../lib/directory/config.ts";
import type { Etcd } from "../../lib/etcd/etcd.ts";
import { openStore, type Store } from "../../lib/state/store.ts";
import { ipamAdd } from "../../plugins/ipam/ipam.ts";
import { isLacking } from "../../plugins/ipam/pool/is-lacking.ts";
import { request } from "../plugins/ipam/fixture.ts";
import { createFolder } from "./namespaces.ts";

/** What a process needs before its first line, at least. */
const startMs = 10;

export interface Race {
  /** Milliseconds that each address took, those with a claim among them. */
  readonly tookMs: readonly number[];
  /** Of all hosts. */
  readonly addresses: readonly string[];
}

export interface RaceOptions {
  readonly hosts: number;
  /** For each of them, one after the other. */
  readonly addresses: number;
  readonly network: string;
  readonly access: EtcdAccess;
  /** Of one host: each has a client of its own. */
  readonly client: () => Etcd;
  readonly blockBits?: number;
}

/** As the processes of plugins do it, without their start. */
export async function claimRace(options: RaceOptions): Promise<Race> {
  const { network, access, hosts: count, addresses, blockBits = 26 } = options;
  const folder = createFolder("race");
  const pool: Pool = {
    network,
    access,
    cidrs: [prefix("10.96.0.0/16")],
    blockBits: { 4: blockBits, 6: 122 },
    mode: "routed",
  };
  const hosts = Array.from({ length: count }, (_, i) => ({
    uid: `race-${i}`,
    etcd: options.client(),
    store: openStore({
      dataDir: join(folder, `${i}`),
      bootId: "boot",
      now: Date.now,
      warn: () => {},
    }),
  }));
  try {
    // Hosts that are at work already, in another network: 32 that make their state files at once, and prepare each statement
    // for the first time, would measure the disk and the one thread that they share here alone.
    for (const host of hosts) await take(host, { ...pool, network: `${network}-before` }, 1);
    const all = await Promise.all(hosts.map((host) => take(host, pool, addresses)));
    return {
      tookMs: all.flatMap(({ tookMs }) => tookMs),
      addresses: all.flatMap((each) => each.addresses),
    };
  } finally {
    for (const { store, etcd } of hosts) {
      store.close();
      etcd.close();
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

interface RacingHost {
  readonly uid: string;
  readonly etcd: Etcd;
  readonly store: Store;
}

async function take({ uid, etcd, store }: RacingHost, pool: Pool, count: number): Promise<Race> {
  const { network, access, cidrs, blockBits, mode } = pool;
  const { endpoints, prefix: root } = access;
  const ipam = { type: "ipam", store: "etcd", endpoints, prefix: root, cidrs, blockBits: blockBits[4], mode };
  const context = { now: Date.now, log: { warn: () => {} } };
  const tookMs: number[] = [];
  const addresses: string[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    const add = request("ADD", `c${i}`, { name: network, ipam });
    for (;;) {
      try {
        addresses.push(...ipamAdd(add, store, context).ips.map(({ address }) => address.split("/")[0] ?? ""));
        break;
      } catch (error) {
        if (!isLacking(error)) throw error;
        await supply({
          etcd,
          pool,
          record: { v: 1, mode, cidrs, blockBits, udpPort: 4789 },
          identity: { uid, name: uid, bootId: "boot", platform: "linux" },
          store,
          now: Date.now,
          warn: () => {},
          families: error.lack.families,
        });
      }
    }
    tookMs.push(performance.now() - begun);
    // Each address is a process of its own, which has to start, on a machine of its own.
    await Bun.sleep(startMs);
  }
  return { tookMs, addresses };
}
