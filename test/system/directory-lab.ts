/** Hosts of an overlay network that learn of each other from an etcd on their underlay, by an agent on each. */
import type { Etcd } from "../../lib/etcd/etcd.ts";
import type { Child } from "./child.ts";
import { type EtcdLab, type EtcdLabOptions, startEtcd } from "./etcd-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab, subnetsOf } from "./overlay-lab.ts";
import { toolOf } from "./tool.ts";

type JsonObject = Readonly<Record<string, unknown>>;

export interface DirectoryLab extends AsyncDisposable {
  readonly lab: OverlayLab;
  readonly hosts: readonly OverlayHost[];
  readonly store: EtcdLab;
  readonly client: Etcd;
  /** Starts an agent and waits until it watches. */
  agent(host: OverlayHost, ...words: readonly string[]): Promise<Child>;
}

/** Where the store is, on the underlay. */
export const storeAddress = "192.0.2.254";
/** Of the network that `etcdConfig` is of. */
export const prefix = "/vswitch";

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
    return {
      ...{ lab, hosts: lab.hosts, store, client: store.client() },
      async agent(host, ...words) {
        const child = toolOf(host).start("agent", "--settle", "0.1", ...words);
        await child.line((line) => line.includes("watching"), "its start");
        return child;
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
