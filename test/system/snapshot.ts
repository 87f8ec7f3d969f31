/** Everything of a namespace that a plugin may change, as text in sections, for "nothing is left" checks. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { execIn } from "./command.ts";
import type { Namespace } from "./namespaces.ts";
import { normalLink, normalNeighbour, normalRoute, rows } from "./snapshot-normal.ts";
import { flatRuleset } from "./snapshot-ruleset.ts";

/** Section title -> sorted lines. Two snapshots of the same state are equal. */
export type Snapshot = ReadonlyMap<string, readonly string[]>;

export interface SnapshotOptions {
  /** Folders of state: the names of their files become a section. */
  readonly folders?: readonly string[];
  /** For files whose names do not tell what is in them (a database): their content as lines. */
  readonly stateText?: () => readonly string[] | Promise<readonly string[]>;
  /** Also the connections the kernel tracks. Default false. */
  readonly conntrack?: boolean;
}

const marker = "%%%";
const sysctls = [
  "/proc/sys/net/ipv4/ip_forward",
  "/proc/sys/net/ipv4/conf/*/forwarding",
  "/proc/sys/net/ipv4/conf/*/route_localnet",
  "/proc/sys/net/ipv4/conf/*/rp_filter",
  "/proc/sys/net/ipv4/conf/*/proxy_arp",
  "/proc/sys/net/ipv4/conf/*/accept_local",
  "/proc/sys/net/ipv4/conf/*/arp_*",
  "/proc/sys/net/ipv6/conf/*/forwarding",
  "/proc/sys/net/ipv6/conf/*/accept_ra",
  "/proc/sys/net/ipv6/conf/*/accept_dad",
  "/proc/sys/net/ipv6/conf/*/disable_ipv6",
  "/proc/sys/net/ipv6/conf/*/proxy_ndp",
  "/proc/sys/net/bridge/*",
];
/** By one process: each prints a list on a line of its own. */
const ipParts: readonly (readonly [section: string, command: string])[] = [
  ["links and addresses", "address show"],
  ["routes", "route show table all"],
  ["rules", "rule show"],
  ["permanent neighbours", "neighbour show nud permanent"],
  ["proxy neighbours", "neighbour show proxy"],
];
const parts: readonly (readonly [section: string, command: string])[] = [
  // A batch is of one family where a command has to be told it.
  ["IPv6 rules", "ip -j -6 rule show"],
  ["static forwarding entries", "bridge -j fdb show"],
  ["traffic control", "tc qdisc show"],
  // nft writes each word by itself; to be woken for each costs us more than all else in a snapshot.
  ["nftables", "nft list ruleset | dd bs=1M iflag=fullblock status=none"],
  ["sysctls", `grep -s . ${sysctls.join(" ")}`],
];
const script = [
  ["ip -j -d -batch - <<.", ...ipParts.map(([, command]) => command), "."].join("\n"),
  ...parts.map(([, command]) => command),
].join(`\necho; echo '${marker}'\n`);

/** Reads the state of a namespace. Counters, time stamps and what the kernel changes by itself are left out. */
export async function takeSnapshot(ns: Namespace, options: SnapshotOptions = {}): Promise<Snapshot> {
  const { lists, texts } = await readSettled(ns);
  const result = new Map<string, readonly string[]>();
  ipParts.forEach(([section], at) => {
    result.set(section, linesOf(section, lists[at] ?? ""));
  });
  parts.forEach(([section], at) => {
    result.set(section, linesOf(section, (texts[at] ?? "").trim()));
  });
  for (const folder of options.folders ?? []) result.set(`files of ${folder}`, fileNames(folder));
  if (options.stateText !== undefined) result.set("stored state", [...(await options.stateText())]);
  if (options.conntrack === true) {
    const flows = await execIn(ns, ["conntrack", "-L", "-o", "save"]);
    result.set("tracked connections", flows.split("\n").sort());
  }
  return result;
}

/** The kernel makes the route to an IPv6 address a moment after the address, in a queue of its own. */
const settleMs = 2000;
const settlePollMs = 20;

async function readSettled(ns: Namespace): Promise<Raw> {
  const deadline = performance.now() + settleMs;
  for (;;) {
    const raw = await readRaw(ns);
    if (isSettled(raw.lists) || performance.now() > deadline) return raw;
    await Bun.sleep(settlePollMs);
  }
}

interface Raw {
  /** JSON, as `ipParts` has them. */
  readonly lists: readonly string[];
  /** As `parts` has them. */
  readonly texts: readonly string[];
}

async function readRaw(ns: Namespace): Promise<Raw> {
  const [batch = "", ...texts] = (await execIn(ns, ["sh", "-c", script])).split(marker);
  const lists = batch.trim().split("\n");
  if (lists.length !== ipParts.length)
    throw new Error(`ip gave ${lists.length} lists for ${ipParts.length}: ${batch}`);
  return { lists, texts };
}

interface ShownLink {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly addr_info?: readonly {
    readonly family: string;
    readonly local: string;
    readonly tentative?: boolean;
  }[];
}

function isSettled([links = "[]", routes = "[]"]: readonly string[]): boolean {
  const local = new Set(
    (JSON.parse(routes) as { type?: string; dst: string; dev?: string }[])
      .filter(({ type }) => type === "local")
      .map(({ dst, dev }) => `${dst} ${dev}`),
  );
  return (JSON.parse(links) as ShownLink[])
    .filter(({ flags }) => flags.includes("LOWER_UP"))
    .every(({ ifname, addr_info: addresses = [] }) =>
      addresses
        .filter(({ family, tentative }) => family === "inet6" && !tentative)
        .every((address) => local.has(`${address.local} ${ifname}`)),
    );
}

function linesOf(section: string, text: string): readonly string[] {
  switch (section) {
    case "links and addresses":
      return rows(text, normalLink);
    case "routes":
      return rows(text, normalRoute);
    case "permanent neighbours":
    case "static forwarding entries":
      return rows(text, normalNeighbour);
    case "nftables":
      return flatRuleset(text);
    case "traffic control":
      return textLines(text.replace(/ refcnt \d+/g, ""));
    case "sysctls":
      return textLines(text);
    default:
      return rows(text, (row) => row);
  }
}

function textLines(text: string): readonly string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").sort();
}

function fileNames(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return (
    readdirSync(folder, { recursive: true, withFileTypes: true })
      // A database's side files come and go by themselves.
      .filter((entry) => !entry.isDirectory() && !/-(wal|shm|journal)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort()
  );
}
