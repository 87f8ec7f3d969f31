/** What `vswitch status` says: of the state file, and of what the agent last said. Pure. */
import { bounds, contains, type Prefix } from "../../../lib/addr/prefix.ts";
import type { Complaint } from "../../../lib/directory/complaint.ts";
import { isOverlay } from "../../../lib/model/switch.ts";
import type { BlockRow } from "../../../lib/state/blocks.ts";
import type { Lease, NetworkRow } from "../../../lib/state/rows.ts";
import type { NetworkSpec } from "../../../lib/verbs/network-spec.ts";
import type { LiveEndpoint } from "../host.ts";
import type { AgentStatus, DatedComplaint, DirectoryStatus } from "./agent-status.ts";

export interface StatusView {
  /** Something is not as it shall be. */
  readonly degraded: boolean;
  readonly agent: AgentView;
  readonly networks: readonly NetworkView[];
  /** With those that no network of this host is in any more left out. */
  readonly directories: readonly DirectoryView[];
  readonly complaints: readonly DatedComplaint[];
}

export type AgentView =
  | { readonly state: "running"; readonly pid: number; readonly version: string; readonly startedMs: number }
  | { readonly state: "absent"; readonly needed: boolean }
  /** It holds its lock, and has said nothing yet. */
  | { readonly state: "starting" };

export interface NetworkView {
  readonly name: string;
  /** "nat", "overlay". */
  readonly kind: string;
  /** "internal", "macvlan", "routed". */
  readonly mode: string;
  readonly subnets: readonly Prefix[];
  readonly endpoints: number;
  readonly overlay?: OverlayView;
  readonly complaints: readonly DatedComplaint[];
}

export interface OverlayView {
  readonly vni: number;
  readonly vtep: string;
  readonly uplink: string;
  readonly directory: "static" | "etcd" | "flannel";
  /** Other hosts that are known. */
  readonly peers: number;
  /** When they were last written down, in milliseconds since 1970. */
  readonly savedMs?: number;
  readonly blocks: readonly BlockView[];
}

export interface BlockView {
  readonly prefix: Prefix;
  /** Addresses that containers have. */
  readonly used: number;
  /** Addresses of it, the network's and the gateway's included; text, since there may be many. */
  readonly size: string;
  /** Since when it is known to be another host's, in milliseconds since 1970. */
  readonly lostMs?: number;
}

export type DirectoryView = Omit<DirectoryStatus, "link"> & {
  /** "unknown": nobody has an eye on it. */
  readonly link: DirectoryStatus["link"] | "unknown";
};

export interface StatusInput {
  readonly networks: readonly NetworkRow[];
  readonly endpoints: readonly LiveEndpoint[];
  readonly blocks: readonly BlockRow[];
  readonly leases: readonly Lease[];
  readonly snapshots: ReadonlyMap<string, { readonly peers: number; readonly savedMs: number }>;
  /** Whether an agent holds its lock. */
  readonly alive: boolean;
  readonly said: AgentStatus | undefined;
}

export function statusView(input: StatusInput): StatusView {
  const { networks, alive, said } = input;
  const needed =
    networks.some(({ spec }) => (spec as NetworkSpec).directory !== undefined) || input.blocks.length > 0;
  const heard = alive ? said : undefined;
  const complaints = heard?.complaints ?? [];
  const views = networks.map((row) => networkView(row, input, heard));
  const known = new Set(networks.map(({ name }) => name));
  const directories = (said?.directories ?? [])
    .filter((one) => one.networks.some((name) => known.has(name)))
    .map((one) => directoryView(one, heard !== undefined));
  const all = [
    ...complaints,
    ...views.flatMap((one) => one.complaints),
    ...directories.flatMap((one) => one.complaints),
  ];
  return {
    degraded: all.length > 0 || (needed && !alive) || directories.some(({ link }) => link !== "up"),
    agent: agentView(heard, alive, needed),
    ...{ networks: views, directories, complaints },
  };
}

function agentView(heard: AgentStatus | undefined, alive: boolean, needed: boolean): AgentView {
  if (!alive) return { state: "absent", needed };
  if (heard === undefined) return { state: "starting" };
  const { pid, version, startedMs } = heard;
  return { state: "running", pid, version, startedMs };
}

function networkView(
  { name, kind, spec }: NetworkRow,
  { endpoints, blocks, leases, snapshots }: StatusInput,
  heard: AgentStatus | undefined,
): NetworkView {
  const { switch: vswitch, directory } = spec as NetworkSpec;
  const said = heard?.networks.find((network) => network.name === name);
  const own = leases.filter(({ network }) => network === name);
  const snapshot = snapshots.get(name);
  return {
    ...{ name, kind, mode: isOverlay(vswitch) ? vswitch.mode : vswitch.kind },
    subnets: vswitch.gateways,
    endpoints: endpoints.filter(({ network }) => network === name).length,
    ...(isOverlay(vswitch)
      ? {
          overlay: {
            ...{ vni: vswitch.vni, vtep: vswitch.tunnel.vtep, uplink: vswitch.tunnel.uplink },
            directory: directory?.access.type ?? "static",
            peers: said?.peers ?? snapshot?.peers ?? 0,
            ...(snapshot === undefined ? {} : { savedMs: snapshot.savedMs }),
            blocks: blocks.filter(({ network }) => network === name).map((block) => blockView(block, own)),
          },
        }
      : {}),
    complaints: said?.complaints ?? [],
  };
}

function blockView({ prefix, lostMs }: BlockRow, leases: readonly Lease[]): BlockView {
  const { first, last } = bounds(prefix);
  return {
    prefix,
    used: leases.filter(({ address }) => contains(prefix, address)).length,
    size: String(last - first + 1n),
    ...(lostMs === undefined ? {} : { lostMs }),
  };
}

function directoryView(said: DirectoryStatus, heard: boolean): DirectoryView {
  if (!heard) return { ...said, link: "unknown", complaints: [] };
  const { link, error, sinceMs, unlisted } = said;
  const own: DatedComplaint[] = [];
  if (link !== "up") {
    const why = error ?? "it has not answered yet";
    own.push({ ...complain("directory-away", said, `the directory is away: ${why}`), sinceMs });
  }
  if (unlisted !== undefined) {
    const text = `the directory tells what happens, but cannot be listed: ${unlisted.error}`;
    own.push({ ...complain("directory-unlisted", said, text), sinceMs: unlisted.sinceMs });
  }
  return { ...said, complaints: [...own, ...said.complaints] };
}

const complain = (
  code: Complaint["code"],
  { endpoints, prefix }: DirectoryStatus,
  text: string,
): Complaint => ({
  code,
  about: `${endpoints.join(", ")}${prefix}`,
  text,
  remedy:
    "Look after etcd and the way to it; on this host nothing is to be done. Known hosts are reached, containers come and go; new hosts, networks and blocks wait.",
});
