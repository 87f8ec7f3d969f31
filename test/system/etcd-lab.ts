/**
 * A cluster of real etcd members, in a namespace given or in some of its own. It stands after some 0.2 s, and nothing of it is
 * left when it is closed or its maker ends. Whatever is asked of it goes by our own client: there is no etcdctl.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EtcdAccess } from "../../lib/directory/config.ts";
import type { Etcd } from "../../lib/etcd/etcd.ts";
import { type EtcdOptions, openEtcd } from "../../lib/etcd/open.ts";
import type { Child } from "./child.ts";
import { startIn } from "./child.ts";
import { execIn } from "./command.ts";
import { createCertificates, type Identity } from "./etcd-certificates.ts";
import { type Cable, connectMembers, memberAddress } from "./etcd-links.ts";
import { enableAuth, nodePrefix, postTo } from "./etcd-post.ts";
import { cleaner } from "./host-cleaner.ts";
import {
  createFolder,
  createNamespaces,
  type Namespace,
  namespaceName,
  namespaceOf,
  whyNoNamespaces,
  withinNamespace,
} from "./namespaces.ts";
import { toolPath } from "./run-program.ts";

export interface EtcdLabOptions {
  /** Default 1. */
  readonly members?: number;
  /** Where all members listen, each at ports of its own; default: a namespace that goes with the lab. */
  readonly at?: Namespace;
  /** Of `at`; default 127.0.0.1. */
  readonly address?: string;
  /** Each member in a namespace of its own, with one link to its clients and one to its peers, for `cut`. */
  readonly apart?: boolean;
  /** Servers prove who they are, and ask it of clients. */
  readonly tls?: boolean;
  /** With users: `root`, and `node`, who may all below `nodePrefix`. */
  readonly auth?: boolean;
  /** More words for each member. */
  readonly flags?: readonly string[];
}

export interface EtcdLab extends AsyncDisposable {
  /** Where its clients are. */
  readonly ns: Namespace;
  readonly endpoints: readonly string[];
  /** A temporary folder that goes with it. */
  readonly dir: string;
  /** How a client reaches it: all endpoints, as user `node` and with a certificate where these are asked for. */
  access(over?: Partial<EtcdAccess>): EtcdAccess;
  /** A client in `ns`; it ends with the lab. */
  client(options?: EtcdOptions, over?: Partial<EtcdAccess>): Etcd;
  /** Asks one member of the gateway directly, as root. @returns what it answers with status 200. @throws otherwise */
  post(member: number, path: string, body: object): Promise<Record<string, unknown>>;
  /** Number of the member that leads. */
  leader(): Promise<number>;
  /** Files of another client's certificate, with a common name. */
  readonly named: Identity | undefined;
  /** Starts one that was stopped or killed, with what it knew. Without `wait` it may lack the others that it needs to serve. */
  start(member: number, options?: { readonly wait?: boolean }): Promise<void>;
  stop(member: number): Promise<void>;
  kill(member: number): Promise<void>;
  /** It lives and says nothing: SIGSTOP. */
  pause(member: number): Promise<void>;
  resume(member: number): void;
  /** Takes a link down. @throws unless members are `apart` */
  cut(member: number, cable: Cable): Promise<void>;
  mend(member: number, cable: Cable): Promise<void>;
  /** What a member printed. */
  lines(member: number): readonly string[];
  close(): Promise<void>;
}

/** Why these tests cannot run here, or undefined when they can. */
export function whyNoEtcd(): string | undefined {
  const lacking = ["etcd", "openssl"].find((tool) => Bun.which(tool, { PATH: toolPath }) === null);
  return lacking === undefined ? whyNoNamespaces() : `the program ${lacking} is not installed`;
}

interface Place {
  readonly ns: Namespace;
  readonly client: string;
  readonly clientPort: number;
  readonly peer: string;
  readonly peerPort: number;
}

export async function startEtcd(options: EtcdLabOptions = {}): Promise<EtcdLab> {
  const count = options.members ?? 1;
  const dir = createFolder("etcd");
  const ns = options.at ?? namespaceOf(namespaceName("etcd"));
  const numbers = Array.from({ length: count }, (_, i) => i);
  const apart = numbers.map(() => namespaceOf(namespaceName("member")));
  const own = [...(options.at === undefined ? [ns] : []), ...(options.apart ? apart : [])];
  const names = new Set(own.map(({ name }) => name));
  const children = new Map<number, Child>();
  const clients = new Set<Etcd>();
  const release = cleaner.add({ names, dir });
  const close = async (): Promise<void> => {
    for (const client of clients) client.close();
    await Promise.all([...children.values()].map(killed));
    release();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    createNamespaces([...names]);
    if (options.apart) await connectMembers(ns, apart);
    const places = numbers.map((i) => placeOf(i, options, ns, apart[i] ?? ns));
    const hosts = [...new Set(places.map(({ client }) => client.replace(/[[\]]/g, "")))];
    const certificates = options.tls ? await createCertificates(dir, hosts) : undefined;
    const words = numbers.map((i) => wordsOf(i, places, dir, options, certificates?.server));
    const begin = (i: number): Child => {
      const child = startIn(places[i]?.ns ?? ns, ["etcd", ...(words[i] ?? [])]);
      children.set(i, child);
      return child;
    };
    // One after the other: a new member asks those whose ports are open already, and waits a second for one that is new itself.
    for (const i of numbers) await begin(i).line((line) => line.includes("listening for peers"), "its start");
    await Promise.all([...children.values()].map(ready));
    const endpoints = places.map(
      ({ client, clientPort }) => `http${options.tls ? "s" : ""}://${client}:${clientPort}`,
    );
    const access: EtcdLab["access"] = (over) => ({
      endpoints,
      prefix: nodePrefix.slice(0, -1),
      ...(certificates && { tls: certificates.client }),
      ...(options.auth && { user: { name: "node", passwordFile: join(dir, "node.password") } }),
      ...over,
    });
    const post: EtcdLab["post"] = (i, path, body) =>
      postTo(ns, { ...access({ endpoints: [endpoints[i] ?? ""] }), root: options.auth === true }, path, body);
    if (options.auth)
      await enableAuth((path, body) => postTo(ns, { ...access(), root: false }, path, body), dir);
    const childOf = (i: number): Child => {
      const child = children.get(i);
      if (child === undefined) throw new Error(`there is no member ${i}`);
      return child;
    };
    const link = async (i: number, cable: Cable, state: "up" | "down"): Promise<void> => {
      if (!options.apart) throw new Error("these members share one namespace: there is no link to cut");
      await execIn(ns, ["ip", "link", "set", `${cable}${i}`, state]);
    };
    return {
      ns,
      endpoints,
      dir,
      access,
      named: certificates?.named,
      client(clientOptions, over) {
        const within: EtcdOptions["within"] = (open) => withinNamespace(ns, open);
        // In turn from the first on, so that a test knows where its calls go.
        const client = openEtcd(access(over), { within, random: () => 0, ...clientOptions });
        clients.add(client);
        return client;
      },
      post,
      async leader() {
        for (const i of numbers) {
          const status = await post(i, "/maintenance/status", {}).catch(() => undefined);
          const ids = status && (await post(i, "/cluster/member/list", {}));
          const found = (ids?.members as { name: string; ID: string }[] | undefined)?.find(
            ({ ID }) => ID === status?.leader,
          );
          if (found !== undefined) return Number(found.name.slice(1));
        }
        throw new Error("no member knows a leader");
      },
      async start(i, { wait = true } = {}) {
        const child = begin(i);
        if (wait) await ready(child);
      },
      stop: (i) => childOf(i).stop(),
      kill: (i) => killed(childOf(i)),
      pause: (i) => stopped(childOf(i).pid),
      resume: (i) => void process.kill(childOf(i).pid, "SIGCONT"),
      cut: (i, cable) => link(i, cable, "down"),
      mend: (i, cable) => link(i, cable, "up"),
      lines: (i) => childOf(i).lines,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const ready = (child: Child): Promise<string> =>
  child.line((line) => line.includes("ready to serve client requests"), "its readiness");

/** The signal is sent at once, but each thread stops when it comes by, and answers until then. */
async function stopped(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  const tasks = `/proc/${pid}/task`;
  const runs = (thread: string) => {
    try {
      return !readFileSync(`${tasks}/${thread}/stat`, "utf8").includes(") T ");
    } catch {
      // It has ended meanwhile.
      return false;
    }
  };
  while (readdirSync(tasks).some(runs)) await Bun.sleep(1);
}

async function killed(child: Child): Promise<void> {
  try {
    process.kill(child.pid, "SIGKILL");
  } catch {
    // It ended before.
  }
  await child.ended;
}

function placeOf(i: number, options: EtcdLabOptions, shared: Namespace, own: Namespace): Place {
  if (options.apart) {
    const [client, peer] = [memberAddress("clients", i), memberAddress("peers", i)];
    return { ns: own, client, peer, clientPort: 2379, peerPort: 2380 };
  }
  const { address: given = "127.0.0.1" } = options;
  const address = given.includes(":") ? `[${given}]` : given;
  return { ns: shared, client: address, peer: address, clientPort: 2379 + 10 * i, peerPort: 2380 + 10 * i };
}

function wordsOf(
  i: number,
  places: readonly Place[],
  dir: string,
  { tls, flags = [] }: EtcdLabOptions,
  server: Identity | undefined,
): readonly string[] {
  const { client = "", clientPort, peer = "", peerPort } = places[i] ?? {};
  const clientUrl = `http${tls ? "s" : ""}://${client}:${clientPort}`;
  const peerUrl = `http://${peer}:${peerPort}`;
  const cluster = places.map((place, j) => `m${j}=http://${place.peer}:${place.peerPort}`);
  return [
    `--name=m${i}`,
    `--data-dir=${join(dir, `m${i}`)}`,
    // Nobody pulls the plug here.
    "--unsafe-no-fsync",
    "--bcrypt-cost=4",
    "--heartbeat-interval=30",
    "--election-timeout=300",
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=${cluster.join(",")}`,
    ...(server
      ? [
          `--cert-file=${server.cert}`,
          `--key-file=${server.key}`,
          `--trusted-ca-file=${server.ca}`,
          "--client-cert-auth",
        ]
      : []),
    ...flags,
  ];
}
