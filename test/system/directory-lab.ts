/** Hosts of an overlay network that learn of each other from an etcd on their underlay, by an agent on each. */
import type { Etcd } from "../../lib/etcd/etcd.ts";
import type { StatusView } from "../../plugins/vswitch/status/view.ts";
import type { Child } from "./child.ts";
import { type EtcdLab, type EtcdLabOptions, startEtcd } from "./etcd-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab, subnetsOf } from "./overlay-lab.ts";
import { prefix, puts, simulatedHost } from "./simulated-host.ts";
import { toolOf } from "./tool.ts";
import { until } from "./until.ts";

type JsonObject = Readonly<Record<string, unknown>>;

export interface DirectoryLab extends AsyncDisposable {
  readonly lab: OverlayLab;
  readonly hosts: readonly OverlayHost[];
  readonly store: EtcdLab;
  readonly client: Etcd;
  /** Starts an agent, on a host with a name of its own, and waits until it watches. */
  agent(host: OverlayHost, options?: AgentOptions): Promise<Child>;
  status(host: OverlayHost): Promise<Status>;
  /** A host comes into the directory, and all hosts learn how to reach it; it leaves, and they forget it. */
  canary(...hosts: readonly OverlayHost[]): Promise<void>;
  /** Waits until the status has complaints with these codes and no others; none: until all is well. */
  says(host: OverlayHost, ...codes: readonly string[]): Promise<Status>;
  /** Waits until the status has this one, among others. */
  names(host: OverlayHost, code: string): Promise<Status>;
}

export interface AgentOptions {
  /** What the machine calls itself; default `hostN`. */
  readonly name?: string;
  /** A file that stands for the kernel's boot id. */
  readonly bootId?: string;
  readonly words?: readonly string[];
}

export type Status = Pick<StatusView, "degraded" | "agent" | "networks" | "directories" | "complaints"> & {
  readonly exitCode: number | undefined;
  /** Of all complaints, in order, each once. */
  readonly codes: readonly string[];
};

/** Where the store is, on the underlay. */
export const storeAddress = "192.0.2.254";
/** What host `number` has of a network with subnets of its own on each host. */
export function etcdConfig(number: number, endpoints: readonly string[]): JsonObject {
  return {
    name: "blue",
    vni: 4097,
    subnets: subnetsOf(number),
    cidrs: ["10.40.0.0/16", "fd00:40::/32"],
    uplink: "eth0",
    directory: { type: "etcd", endpoints, prefix },
  };
}

export interface DirectoryLabOptions {
  readonly hosts?: number;
  readonly etcd?: Omit<EtcdLabOptions, "at" | "address">;
  /** Laid over the configuration of each host. */
  readonly config?: (number: number, endpoints: readonly string[]) => JsonObject;
}

export async function createDirectoryLab(options: DirectoryLabOptions = {}): Promise<DirectoryLab> {
  const { hosts = 2, config = etcdConfig } = options;
  const members = options.etcd?.members ?? 1;
  const endpoints = Array.from({ length: members }, (_, i) => `http://${storeAddress}:${2379 + 10 * i}`);
  const stack = new AsyncDisposableStack();
  try {
    const lab = stack.use(
      await createOverlayLab({ hosts, config: (number) => ({ ...config(number, endpoints) }) }),
    );
    const store = stack.use(await startEtcd({ ...options.etcd, at: lab.lan.ns, address: storeAddress }));
    const owned = stack.move();
    let canaries = 0;
    return {
      ...{ lab, hosts: lab.hosts, store, client: store.client() },
      async agent(host, { name = `host${host.number}`, words = [], bootId } = {}) {
        const command = toolOf(host).words("agent", "--settle", "0.1", ...words);
        const booted = bootId === undefined ? [] : [...bootedAs, bootId];
        const script = 'hostname "$0"; exec "$@"';
        const named = ["unshare", "--uts", "sh", "-c", script, name, ...booted, ...command];
        const child = host.host.start(host.host.ns, named, { VSWITCH_DATA_DIR: host.dataDir });
        await child.line((line) => line.includes("watching"), "its start");
        return child;
      },
      status: statusOf,
      async canary(...hosts) {
        const client = store.client();
        const { kvs } = await client.list(`${prefix}/v1/blocks/`);
        // Blocks are where chance has them.
        const isFree = (subnet: string) =>
          !kvs.some(({ key }) => key.includes(`/${subnet.replace(/0\/24$/, "")}`));
        let one = simulatedHost(100 + (++canaries % 100));
        while (!isFree(one.subnet)) one = simulatedHost(100 + (++canaries % 100));
        const there = (host: OverlayHost) => host.host.exec(host.host.ns, "ip", "route", "show", one.subnet);
        await written(client, puts(one));
        for (const host of hosts)
          await until(
            () => there(host),
            (text) => text !== "",
            `a route to ${one.subnet}`,
          );
        await written(
          client,
          puts(one).map(({ key }) => ({ kind: "delete", key })),
        );
        for (const host of hosts)
          await until(
            () => there(host),
            (text) => text === "",
            `no route to ${one.subnet}`,
          );
        client.close();
      },
      says: (host, ...codes) => {
        const wanted = codes.toSorted().join();
        const isSo = (status: Status): boolean => status.codes.join() === wanted;
        return until(() => statusOf(host), isSo, `host ${host.number} says "${wanted}"`);
      },
      names: (host, code) =>
        until(
          () => statusOf(host),
          ({ codes }) => codes.includes(code),
          `host ${host.number} names ${code}`,
        ),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** In a mount namespace of its own, to which what is mounted later (a compartment's path) comes as well. */
const bootedAs = [
  ...["unshare", "--mount", "--propagation", "slave"],
  ...["sh", "-ec", 'mount --bind "$0" /proc/sys/kernel/random/boot_id; exec "$@"'],
];

/** While a cluster has no leader it takes nothing. */
async function written(client: Etcd, operations: Parameters<Etcd["txn"]>[1]): Promise<void> {
  await until(
    () => client.txn([], operations).catch((error: Error) => error),
    (done) => !(done instanceof Error),
    "a write to the store",
  );
}

async function statusOf(host: OverlayHost): Promise<Status> {
  const done = await toolOf(host)("status", "--json");
  const view = JSON.parse(done.stdout) as StatusView;
  const all = [view, ...view.networks, ...view.directories].flatMap(({ complaints }) => complaints);
  const codes = [...new Set(all.map(({ code }) => code as string))].toSorted();
  return { ...view, exitCode: done.exitCode, codes };
}
