/** A throw-away host: a network namespace with an uplink to a machine beyond it, and compartments. */
import { readFileSync, rmSync } from "node:fs";
import { type Capture, startCapture } from "./capture.ts";
import { type Child, startIn } from "./child.ts";
import { type CommandOptions, type CommandOutcome, execIn, runIn } from "./command.ts";
import {
  answersPing,
  askEcho,
  type EchoAnswer,
  type EchoRequest,
  type EchoTarget,
  startEcho,
} from "./echo.ts";
import { cleaner } from "./host-cleaner.ts";
import {
  createFolder,
  createNamespaces,
  type Namespace,
  namespaceName,
  namespaceOf,
  withinNamespace,
} from "./namespaces.ts";
import { type PluginCall, type PluginOutcome, runPlugin } from "./plugin.ts";
import { type Snapshot, type SnapshotOptions, takeSnapshot } from "./snapshot.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

export interface HostOptions {
  /** Uplink `eth0` to a namespace "outside" that has no route back to what is behind the host. Default true. */
  readonly uplink?: boolean;
  /** The uplink leads to a switch `lan` there instead, on which the host is 192.0.2.NUMBER and 2001:db8::NUMBER. */
  readonly lan?: { readonly ns: Namespace; readonly number: number };
  /** MTU of the uplink. Default 1500. */
  readonly mtu?: number;
  /**
   * Link-local addresses fe80::1 and fe80::2 on the uplink: without one of its own a router cannot ask for the neighbours
   * of packets it forwards. Default false.
   */
  readonly linkLocal?: boolean;
}

/** Addresses of the uplink: the host's end and the machine beyond. */
export const uplink = {
  host4: "192.0.2.1",
  host6: "2001:db8::1",
  outside4: "192.0.2.2",
  outside6: "2001:db8::2",
} as const;

export interface Host extends AsyncDisposable {
  readonly ns: Namespace;
  /** The machine beyond the host. @throws when the host was made without an uplink */
  readonly outside: Namespace;
  /** A temporary folder that goes with the host. */
  readonly dir: string;
  /** A new compartment: a network namespace with its loopback up. */
  compartment(label?: string): Promise<Namespace>;
  /** Removes a compartment as a runtime does, with what runs in it. */
  remove(...compartments: readonly Namespace[]): Promise<void>;
  /** Runs a command and gives its standard output. @throws with its words when it fails */
  exec(ns: Namespace, ...command: readonly string[]): Promise<string>;
  /** Runs a command whatever its exit code. */
  run(ns: Namespace, command: readonly string[], options?: CommandOptions): Promise<CommandOutcome>;
  /** Starts a long-lived process; it ends with the host. */
  start(ns: Namespace, command: readonly string[], env?: Readonly<Record<string, string>>): Child;
  /** Runs a CNI executable in the host's namespace as a runtime does. */
  plugin(exe: string, call: PluginCall): Promise<PluginOutcome>;
  /** Starts an echo server; it ends with the host. */
  echo(ns: Namespace, target: EchoTarget): Promise<Child>;
  /** One request to an echo server. @throws when no answer comes */
  ask(ns: Namespace, request: EchoRequest): Promise<EchoAnswer>;
  /** Whether an echo server answers. */
  answers(ns: Namespace, request: EchoRequest): Promise<boolean>;
  /** Whether an address answers a ping within two seconds. */
  answersPing(ns: Namespace, address: string): Promise<boolean>;
  capture(ns: Namespace, device: string, filter?: string): Promise<Capture>;
  /** The state of the host, or of another namespace. */
  snapshot(options?: SnapshotOptions, ns?: Namespace): Promise<Snapshot>;
  /** How the host differs from an earlier snapshot, "" when it does not. */
  changes(before: Snapshot, options?: SnapshotOptions): Promise<string>;
  /** Ends all processes, removes all namespaces and the folder. */
  close(): Promise<void>;
}

/** Makes a host. Whatever happens to this process, it is removed: at `close`, at exit, or by the next run. */
export async function createHost(options: HostOptions = {}): Promise<Host> {
  const ns = namespaceOf(namespaceName("host"));
  const { lan } = options;
  const own =
    options.uplink === false || lan !== undefined ? undefined : namespaceOf(namespaceName("outside"));
  const outside = lan?.ns ?? own;
  const dir = createFolder("dir");
  const names = new Set([ns.name, ...(own === undefined ? [] : [own.name])]);
  const release = cleaner.add({ names, dir });
  const close = async () => {
    rmSync(dir, { recursive: true, force: true });
    release();
  };
  try {
    createNamespaces([...names]);
    if (own !== undefined) await joinUplink(ns, own, options);
    if (lan !== undefined) await joinLan(ns, lan, options);
  } catch (error) {
    await close();
    throw error;
  }
  return hostOf({ ns, outside, dir, names, close });
}

interface Parts {
  readonly ns: Namespace;
  readonly outside: Namespace | undefined;
  readonly dir: string;
  readonly names: Set<string>;
  readonly close: () => Promise<void>;
}

function hostOf({ ns, outside, dir, names, close }: Parts): Host {
  return {
    ns,
    get outside() {
      if (outside === undefined) throw new Error("this host has no uplink");
      return outside;
    },
    dir,
    compartment: async (label = "c") => {
      const made = namespaceOf(namespaceName(label));
      names.add(made.name);
      createNamespaces([made.name]);
      return made;
    },
    remove: async (...compartments) => {
      cleaner.removeNow(compartments.map((compartment) => compartment.name));
      for (const compartment of compartments) names.delete(compartment.name);
    },
    exec: (where, ...command) => execIn(where, command),
    run: runIn,
    start: startIn,
    plugin: (exe, call) => runPlugin(ns, exe, call),
    echo: startEcho,
    ask: askEcho,
    answers: (where, request) =>
      askEcho(where, request).then(
        () => true,
        () => false,
      ),
    answersPing,
    capture: startCapture,
    snapshot: (options, where = ns) => takeSnapshot(where, options),
    changes: async (before, options) => diffSnapshots(before, await takeSnapshot(ns, options)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function joinUplink(
  host: Namespace,
  outside: Namespace,
  { mtu = 1500, linkLocal = false }: HostOptions,
): Promise<void> {
  // No link-local addresses by themselves: they would come later and blur snapshots.
  const up = ["link set eth0 addrgenmode none", "link set eth0 up"];
  const own = (address: string) => (linkLocal ? [`address add ${address}/64 dev eth0 nodad`] : []);
  await ipBatch(outside, [
    `link add eth0 mtu ${mtu} type veth peer name eth0 mtu ${mtu} netns ${host.name}`,
    ...up,
    `address add ${uplink.outside4}/24 dev eth0`,
    `address add ${uplink.outside6}/64 dev eth0 nodad`,
    ...own("fe80::2"),
  ]);
  await ipBatch(host, [
    ...up,
    `address add ${uplink.host4}/24 dev eth0`,
    `address add ${uplink.host6}/64 dev eth0 nodad`,
    `route add default via ${uplink.outside4}`,
    `route add default via ${uplink.outside6}`,
    ...own("fe80::1"),
  ]);
  for (const ns of [host, outside]) await localRoute(ns);
}

/** @param options.mtu of both ends */
async function joinLan(
  host: Namespace,
  { ns, number }: NonNullable<HostOptions["lan"]>,
  { mtu = 1500 }: HostOptions,
): Promise<void> {
  await ipBatch(host, [
    `link add eth0 mtu ${mtu} type veth peer name host${number} mtu ${mtu} netns ${ns.name}`,
    "link set eth0 addrgenmode none",
    "link set eth0 up",
    `address add 192.0.2.${number}/24 dev eth0`,
    `address add 2001:db8::${number}/64 dev eth0 nodad`,
    `address add fe80::${number}/64 dev eth0 nodad`,
    "route add default via 192.0.2.254",
    "route add default via 2001:db8::254",
  ]);
  await ipBatch(ns, [`link set host${number} addrgenmode none master lan up`]);
}

/** Makes a namespace with a switch `lan`, on which it is 192.0.2.254 and 2001:db8::254 itself; it has no way to what is behind hosts. */
export async function createLan(mtu = 1500): Promise<Host> {
  const lan = await createHost({ uplink: false });
  await ipBatch(lan.ns, [
    `link add lan mtu ${mtu} type bridge`,
    "link set lan addrgenmode none up",
    "address add 192.0.2.254/24 dev lan",
    "address add 2001:db8::254/64 dev lan nodad",
    "address add fe80::254/64 dev lan nodad",
  ]);
  return lan;
}

/** Commands of `ip`, one line each, by one process. */
export async function ipBatch(ns: Namespace, lines: readonly string[]): Promise<void> {
  await execIn(ns, ["ip", "-batch", "-"], { input: lines.join("\n") });
}

/** The kernel adds the route to an IPv6 address of its own a moment later, and says so nowhere cheaper than here. */
async function localRoute(ns: Namespace): Promise<void> {
  const lookedAt = () => withinNamespace(ns, () => readFileSync("/proc/thread-self/net/ipv6_route", "utf8"));
  const isThere = () =>
    lookedAt()
      .split("\n")
      .some((line) => /^20010db80{23}[12] 80 /.test(line));
  for (const deadline = performance.now() + 5_000; !isThere(); await Bun.sleep(1)) {
    if (performance.now() > deadline) throw new Error(`the uplink of ${ns.name} has no IPv6 after 5 s`);
  }
}
