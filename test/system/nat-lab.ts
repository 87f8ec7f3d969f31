/** A throw-away host on which the built executable of a network type is called as a runtime does. */
import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createHost, type Host, type HostOptions } from "./host.ts";
import { type Namespace, whyNoNamespaces } from "./namespaces.ts";
import type { PluginCall, PluginOutcome } from "./plugin.ts";
import { toolPath } from "./run-program.ts";
import type { SnapshotOptions } from "./snapshot.ts";

/** Where the executables are; `VSWITCH_BIN_DIR` names another build. */
export const binDir: string = process.env.VSWITCH_BIN_DIR ?? join(import.meta.dirname, "../../dist/bin");

type JsonObject = Readonly<Record<string, unknown>>;

/** One attachment as a runtime asks for it. */
export interface Ask {
  /** CNI_CONTAINERID. */
  readonly id: string;
  /** Default "eth0". */
  readonly ifname?: string;
  /** CNI_NETNS. */
  readonly netns?: string;
  /** Laid over the smallest configuration of the lab's type, unless it names another. Default: `dual`. */
  readonly config?: JsonObject;
  readonly runtimeConfig?: JsonObject;
  /** CNI_ARGS. */
  readonly args?: string;
  readonly prevResult?: unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly call?: Pick<PluginCall, "kill" | "wrap" | "timeoutMs">;
}

export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces: readonly {
    readonly name: string;
    readonly mac: string;
    readonly mtu: number;
    readonly sandbox?: string;
  }[];
  readonly ips: readonly {
    readonly address: string;
    readonly gateway?: string;
    readonly interface?: number;
  }[];
  readonly routes?: readonly { readonly dst: string; readonly gw?: string; readonly priority?: number }[];
  readonly dns?: JsonObject;
}

export interface CniFailure {
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** An attachment that was made. */
export interface Attached extends Ask {
  readonly ns: Namespace;
  readonly result: CniResult;
  /** Addresses without the length of their prefix; of the family that is missing, "". */
  readonly ip4: string;
  readonly ip6: string;
  readonly gateway4: string;
  readonly gateway6: string;
}

export interface NatLab extends AsyncDisposable {
  readonly host: Host;
  readonly dataDir: string;
  call(verb: string, ask: Omit<Ask, "id"> & { readonly id?: string }): Promise<PluginOutcome>;
  /** ADD that must succeed, in a compartment of its own unless one is given. */
  add(ask?: Partial<Ask> & { readonly ns?: Namespace }): Promise<Attached>;
  /** A call that must succeed without a word on standard output. */
  done(verb: string, ask: Omit<Ask, "id"> & { readonly id?: string }): Promise<PluginOutcome>;
  /** A call that must fail. @returns the error object of CNI */
  refused(verb: string, ask: Omit<Ask, "id"> & { readonly id?: string }): Promise<CniFailure>;
  /** Whether CHECK passes with what ADD returned. */
  check(attached: Attached): Promise<PluginOutcome>;
  /** Endpoints, leases, ports and networks in the state file, one line each. */
  rows(): readonly string[];
  /** For "nothing is left" checks: the host with its rows. */
  readonly everything: SnapshotOptions;
}

/** The network all tests use unless they say otherwise: both families. */
export const dual = {
  ipam: { ranges: [[{ subnet: "10.61.0.0/24" }], [{ subnet: "fd00:61::/64" }]] },
} as const;

/** Another network of both families, for the same host. */
export const other = {
  name: "other",
  ipam: { ranges: [[{ subnet: "10.62.0.0/24" }], [{ subnet: "fd00:62::/64" }]] },
} as const;

/** `runtimeConfig` that publishes ports, each "[HOST_IP]:HOST_PORT:CONTAINER_PORT/PROTOCOL". */
export function publish(...ports: readonly string[]): JsonObject {
  const portMappings = ports.map((text) => {
    const found = /^(?:(.+):)?(\d+):(\d+)\/(\w+)$/.exec(text);
    const [, hostIP, hostPort, containerPort, protocol] = found ?? [];
    return {
      ...(hostIP === undefined ? {} : { hostIP: hostIP.replace(/[[\]]/g, "") }),
      hostPort: Number(hostPort),
      containerPort: Number(containerPort),
      protocol,
    };
  });
  return { portMappings };
}

/** Says why these tests cannot run here, or undefined when they can. */
export function whyNoNat(): string | undefined {
  const lacking = ["busybox", "conntrack", "socat", "tcpdump"].find(
    (tool) => Bun.which(tool, { PATH: toolPath }) === null,
  );
  if (lacking !== undefined) return `the program ${lacking} is not installed`;
  return whyNoNamespaces() ?? (existsSync(join(binDir, "nat")) ? undefined : `${binDir}/nat is not built`);
}

export interface LabOptions extends HostOptions {
  /** Whose executable is called, and the network's name. Default "nat". */
  readonly type?: "nat" | "transparent" | "overlay";
  /** What a call has that names no configuration. Default: `dual`. */
  readonly config?: JsonObject;
}

export async function createLab(options?: LabOptions): Promise<NatLab> {
  const { type = "nat", config: usual = dual } = options ?? {};
  const host = await createHost({ linkLocal: true, ...options });
  const dataDir = join(host.dir, "state");
  const call: NatLab["call"] = (verb, ask) => {
    const { config = usual, runtimeConfig, prevResult } = ask;
    const stdin = {
      cniVersion: "1.1.0",
      name: type,
      type,
      ...config,
      ...(runtimeConfig === undefined ? {} : { runtimeConfig }),
      ...(prevResult === undefined ? {} : { prevResult }),
    };
    return host.plugin(join(binDir, stdin.type), { verb, env: variables(ask), stdin, ...ask.call });
  };
  const variables = (ask: Partial<Ask>) => ({
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    CNI_CONTAINERID: ask.id ?? "",
    CNI_NETNS: ask.netns ?? "",
    CNI_IFNAME: ask.id === undefined ? "" : (ask.ifname ?? "eth0"),
    CNI_ARGS: ask.args ?? "",
    CNI_PATH: binDir,
    VSWITCH_DATA_DIR: dataDir,
    ...ask.env,
  });
  const rows = () => stateRows(dataDir);
  let made = 0;
  return {
    host,
    dataDir,
    call,
    async add(ask = {}) {
      const id = ask.id ?? `c${++made}`;
      const ns = ask.ns ?? (await host.compartment(id));
      const full = { netns: ns.path, config: usual, ...ask, id, ns };
      const outcome = await call("ADD", full);
      if (outcome.exitCode !== 0) throw new Error(`ADD ${id}: ${outcome.stdout}${outcome.stderr}`);
      return attachedOf(full, JSON.parse(outcome.stdout) as CniResult);
    },
    async done(verb, ask) {
      const outcome = await call(verb, ask);
      if (outcome.exitCode === 0 && outcome.stdout === "") return outcome;
      throw new Error(
        `${verb}: exit ${outcome.exitCode ?? outcome.signal}: ${outcome.stdout}${outcome.stderr}`,
      );
    },
    async refused(verb, ask) {
      const outcome = await call(verb, ask);
      if (outcome.exitCode !== 1) throw new Error(`${verb} did not fail: ${outcome.stdout}${outcome.stderr}`);
      return JSON.parse(outcome.stdout) as CniFailure;
    },
    check: (attached) => call("CHECK", { ...attached, prevResult: attached.result }),
    rows,
    everything: { stateText: rows },
    [Symbol.asyncDispose]: () => host.close(),
  };
}

function attachedOf(ask: Ask & { readonly ns: Namespace }, result: CniResult): Attached {
  // A result of an attachment without addresses has no list of them.
  const { ips = [] }: Partial<CniResult> = result;
  const of = (colon: boolean) => ips.find(({ address }) => address.includes(":") === colon);
  const [v4, v6] = [of(false), of(true)];
  const address = (ip: typeof v4) => ip?.address.split("/")[0] ?? "";
  return {
    ...ask,
    result,
    ip4: address(v4),
    ip6: address(v6),
    gateway4: v4?.gateway ?? "",
    gateway6: v6?.gateway ?? "",
  };
}

const tables = {
  endpoints: "SELECT network, container_id, ifname, phase FROM endpoints",
  leases: "SELECT network, container_id, ifname, hex(address) AS address FROM leases",
  ports: "SELECT port, protocol, family, host_ip, owner FROM ports",
  networks: "SELECT name, spec FROM networks",
};

/** Endpoints, leases, ports and networks in the state file, one line each. */
export function stateRows(dataDir: string): readonly string[] {
  const file = join(dataDir, "state.db");
  if (!existsSync(file)) return [];
  using database = new Database(file, { readonly: true });
  return Object.entries(tables).flatMap(([table, select]) =>
    database
      .query<JsonObject, []>(select)
      .all()
      .map((row) => `${table} ${Object.values(row).join(" ")}`)
      .sort(),
  );
}
