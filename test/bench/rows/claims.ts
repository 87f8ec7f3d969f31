/** Blocks of addresses of a cluster, which many hosts claim at once. */
import { claimRace } from "../../system/claim-race.ts";
import { type EtcdLab, startEtcd, whyNoEtcd } from "../../system/etcd-lab.ts";
import { fewer } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";
import { quantile } from "../statistics.ts";

const hosts = 32;
const addresses = 20;

const row: Row = {
  name: "claims",
  title: `block claim race, ${hosts} hosts x ${addresses} addresses / one, p99`,
  unit: "ms",
  goal: { kind: "at-most", value: 100 },
};

export const claims: Family = { name: "claims", rows: [row], measure };

async function measure(bench: Bench): Promise<readonly Measured[]> {
  const why = whyNoEtcd();
  if (why !== undefined) throw new Error(why);
  const etcd = await startEtcd();
  try {
    // Code that nobody has run yet is not what is measured.
    for (let i = 0; i < 3; i++) await race(etcd, `warm-${i}`, hosts);
    const all: number[] = [];
    const alone: number[] = [];
    for (let round = 0; round < fewer(bench.rounds, 4); round++) {
      all.push(await race(etcd, `all-${round}`, hosts));
      alone.push(await race(etcd, `one-${round}`, 1));
    }
    return [
      { row, ours: all, reference: alone, notes: ["etcd, its clients and the bench share this machine"] },
    ];
  } finally {
    await etcd.close();
  }
}

/** @returns the 99th of a hundred addresses, in milliseconds. @throws when one is given twice */
async function race(etcd: EtcdLab, network: string, count: number): Promise<number> {
  const access = etcd.access({ prefix: `/bench/${network}` });
  const options = { hosts: count, addresses, network, access, client: () => etcd.client() };
  const { tookMs, addresses: given } = await claimRace(options);
  if (new Set(given).size < count * addresses) throw new Error(`${network}: an address was given twice`);
  return quantile(tookMs, 0.99);
}
