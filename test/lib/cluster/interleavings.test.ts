import { expect, test } from "vitest";
import { type Ip, ip } from "../../../lib/addr/ip.ts";
import { prefix, prefixOf } from "../../../lib/addr/prefix.ts";
import type { Pool } from "../../../lib/cluster/pool.ts";
import { removeNode } from "../../../lib/cluster/remove-node.ts";
import { CniError } from "../../../lib/cni/error.ts";
import { formatKey } from "../../../lib/directory/keys.ts";
import { EtcdError } from "../../../lib/etcd/error.ts";
import { fakeEtcd } from "../../fake/etcd.ts";
import { seed } from "../seed.ts";
import { blocksOf, type ModelHost, modelHost } from "./model-host.ts";
import { type Random, randomOf } from "./random.ts";
import { randomWire } from "./random-wire.ts";

const runs = Number(process.env.RUNS ?? 10);
const steps = 500;

/** Room for few: hosts are in each other's way. */
const shapes = [
  { cidr: "10.0.0.0/26", bits: 29, mode: "routed" },
  { cidr: "10.0.0.0/27", bits: 30, mode: "routed" },
  { cidr: "10.0.0.0/25", bits: 28, mode: "stretched" },
  { cidr: "10.0.0.0/24", bits: 28, mode: "routed" },
] as const;

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("no address is given by two hosts, whatever is lost, late, killed or given away", async () => {
  for (let run = 0; run < runs; run++) {
    const trace: string[] = [];
    try {
      await simulate(randomOf(seed + run), trace);
    } catch (error) {
      throw new Error(`run ${run} of seed ${seed}:\n${trace.slice(-80).join("\n")}`, { cause: error });
    }
  }
}, 60_000);

async function simulate(random: Random, trace: string[]): Promise<void> {
  const { cidr, bits, mode } = random.pick(shapes);
  const store = fakeEtcd();
  const wire = randomWire(store);
  let nowMs = 1_000_000;
  const access = { endpoints: ["http://fake:2379"], prefix: "/p" };
  const pool: Pool = { network: "blue", access, cidrs: [prefix(cidr)], blockBits: { 4: bits, 6: 122 }, mode };
  const world = { pool, now: () => nowMs, client: wire.client };
  const hosts = ["a", "b", "c"].map((uid) => modelHost(uid, world));
  const [last] = [prefixOf(ip("10.0.0.16"), bits)];
  const reserved = { v: 1, reserved: true, epoch: 0 };
  const key = formatKey("/p", { kind: "blocks", network: "blue", cidr: last });
  await store.client().txn([], [{ kind: "put", key, value: JSON.stringify(reserved) }]);
  const singles = mode === "routed" ? ["10.0.0.18"] : ["10.0.0.18", "10.0.0.19"];
  const failures: unknown[] = [];
  const start = (what: string, job: Promise<void>): void => {
    trace.push(what);
    job.catch((error) => failures.push(error));
  };
  const faults = random.pick([0.02, 0.1, 0.25]);
  let names = 0;
  const growing = new Map(hosts.map((host) => [host, true]));

  for (let step = 0; step < steps; step++) {
    const host = random.pick(hosts);
    if (wire.waiting() > 0 && random.chance(0.75)) wire.step(random, faults);
    else act(host);
    await settled();
    if (failures.length > 0) throw failures[0];
    requireApart(hosts);
  }
  await comeToRest();

  function act(host: ModelHost): void {
    if (!host.isUp()) {
      const what = random.below(3);
      if (what === 0) start(`remove ${host.uid}`, remove(host));
      if (what === 1) {
        trace.push(`boot ${host.uid}`);
        host.boot();
      }
      return;
    }
    // Containers come and go in waves, so that blocks become empty.
    if (host.containers.size === 0 || host.containers.size > 30)
      growing.set(host, host.containers.size === 0);
    if (random.chance(0.02)) growing.set(host, !growing.get(host));
    const what = random.below(100);
    if (what < 60 && growing.get(host)) {
      for (let i = random.below(5); i >= 0 && host.atWork() < 4; i--) {
        const id = `c${names++}`;
        const asked = random.chance(0.05) ? random.pick(singles) : undefined;
        start(`add ${host.uid} ${id} ${asked ?? ""}`, host.add(id, asked));
      }
    } else if (what < 60) {
      for (const id of [...host.containers.keys()].slice(random.below(5)))
        if (random.chance(0.3)) start(`del ${host.uid} ${id}`, host.del(id));
    } else if (what < 80) start(`tend ${host.uid}`, host.tend());
    else if (what < 96) nowMs += random.pick([1000, 20_000, 61_000, 61_000, 1_000_000]);
    else if (what < 99) {
      trace.push(`crash ${host.uid}`);
      host.crash();
    } else {
      trace.push(`lose ${host.uid}`);
      host.loseState();
    }
  }

  /** An administrator takes a host's blocks away only while it is down. */
  async function remove(host: ModelHost): Promise<void> {
    const isDown = () => !host.isUp();
    host.noteRemoved();
    try {
      await removeNode(wire.client(isDown), "/p", host.uid, { force: false });
    } catch (error) {
      if (!(error instanceof EtcdError || error instanceof CniError)) throw error;
    }
  }

  /** Nothing is lost any more, and each agent has its rounds. */
  async function comeToRest(): Promise<void> {
    let calls = 0;
    const drain = async (): Promise<void> => {
      do {
        while (wire.waiting() > 0) {
          wire.step(random, 0);
          if (calls++ > 5000) throw new Error("it does not come to rest");
          await settled();
          requireApart(hosts);
        }
        await settled();
      } while (wire.waiting() > 0);
      if (failures.length > 0) throw failures[0];
    };
    for (const host of hosts) if (!host.isUp()) host.boot();
    await drain();
    for (let round = 0; round < 4; round++) {
      nowMs += 61_000;
      for (const host of hosts) {
        start(`add ${host.uid} rest`, host.add(`rest-${round}`));
        await drain();
        start(`tend ${host.uid}`, host.tend());
        await drain();
      }
    }
    const keys = new Map(store.keys().map((kv) => [kv.key, kv]));
    for (const host of hosts) {
      const { epoch } = JSON.parse(keys.get(`/p/v1/nodes/${host.uid}`)?.value ?? "{}");
      const own = [...keys.values()].filter(
        ({ key, value }) => key.startsWith("/p/v1/blocks/") && JSON.parse(value).owner === host.uid,
      );
      for (const { key } of own) expect(keys.has(key.replace("/blocks/", `/owned/${host.uid}/`))).toBe(true);
      // Of a removal that broke off, while the host lost its state: only an administrator can tell.
      const there = own.filter(({ value }) => JSON.parse(value).epoch === epoch);
      const known = there.map(
        ({ key, modRevision }) =>
          `${key.slice("/p/v1/blocks/blue/".length).replace("-", "/")} ${modRevision}`,
      );
      expect(blocksOf(host, "blue").toSorted()).toEqual(known.toSorted());
    }
    const used = new Set(hosts.flatMap(({ containers }) => [...containers.values()].flat()));
    for (const { key } of keys.values())
      if (key.startsWith("/p/v1/ips/")) expect(used).toContain(key.slice("/p/v1/ips/blue/".length));
  }
}

function requireApart(hosts: readonly ModelHost[]): void {
  const holders = new Map<Ip, string>();
  for (const host of hosts)
    for (const [id, addresses] of host.containers)
      for (const address of addresses) {
        const other = holders.get(address);
        if (other !== undefined) throw new Error(`${address} is given to ${other} and to ${host.uid}/${id}`);
        holders.set(address, `${host.uid}/${id}`);
      }
}
