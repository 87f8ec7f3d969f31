/** Overlay networks for people: a table of all, and what is known of one. Pure. */
import { droppedPackets, notBehind } from "../../../lib/model/counters.ts";
import { formatAge, formatBytes, formatCount, formatTable, plural } from "../format.ts";
import type { DirectoryView, OverlayView } from "./overlay-view.ts";
import type { NetworkView } from "./view.ts";

/** @param nowMs milliseconds since 1970. @returns "" where there are none */
export function formatOverlays(networks: readonly NetworkView[], nowMs: number): string {
  const rows = networks.flatMap(({ name, overlay }) =>
    overlay === undefined ? [] : [rowOf(name, overlay, nowMs)],
  );
  if (rows.length === 0) return "";
  const header = [
    "OVERLAY",
    "MODE",
    "VNI",
    "TUNNEL",
    "STATE",
    "VTEP",
    "PEERS",
    "DIRECTORY",
    "OUT",
    "IN",
    "DROPPED",
  ];
  return formatTable([header, ...rows], { right: [2, 6, 8, 9, 10] });
}

const rowOf = (name: string, one: OverlayView, nowMs: number): readonly string[] => [
  name,
  one.mode,
  `${one.vni}`,
  one.tunnel,
  one.state,
  `${one.vtep} by ${one.uplink}`,
  `${one.peers.length}`,
  directoryWords(one.directory, nowMs),
  one.counters === undefined ? "-" : formatBytes(one.counters.out.bytes),
  one.counters === undefined ? "-" : formatBytes(one.counters.in.bytes),
  one.counters === undefined ? "-" : formatCount(droppedPackets(one.counters.drops)),
];

/** `etcd, revision 42, 3 min ago`. */
function directoryWords(directory: DirectoryView | undefined, nowMs: number): string {
  if (directory === undefined) return "nothing known yet";
  const { type, revision, savedMs, followed } = directory;
  if (type === "static") return "configuration";
  const read = `${type}, revision ${revision}, ${formatAge(nowMs - savedMs)} ago`;
  return followed === false ? `${read}, followed by nobody` : read;
}

/** Rows of the facts of one network. */
export function overlayFacts(one: OverlayView, nowMs: number): readonly (readonly [string, string])[] {
  const { counters } = one;
  return [
    ["mode", modeWords[one.mode]],
    ["tunnel", `${one.tunnel}, ${one.state}, VNI ${one.vni}, UDP port ${one.udpPort}`],
    ["VTEP", `${one.vtep} by ${one.uplink}`],
    ["directory", directoryWords(one.directory, nowMs)],
    ...(counters === undefined
      ? []
      : ([
          [
            "carried",
            `${formatBytes(counters.out.bytes)} to other hosts, ${formatBytes(counters.in.bytes)} from them`,
          ],
          ["dropped", dropWords(one)],
        ] as const)),
  ];
}

const modeWords = {
  routed: "routed: each host has subnets of its own",
  stretched: "stretched: one subnet on all hosts",
} as const;

/** By whom, where there was any. */
function dropWords({ counters }: OverlayView): string {
  const drops = counters?.drops ?? [];
  const of = (layer: string): number => droppedPackets(drops, layer);
  const astray = droppedPackets(drops.filter(({ reason }) => reason === notBehind));
  const said = [
    [of("tunnel") - astray, "of hosts that are not of the network"],
    [astray, "from addresses that are not of the network"],
    [of("isolation"), "that were not to reach other hosts"],
    [of("kernel"), "by the kernel"],
  ] as const;
  const told = said
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${plural(count, "packet")} ${what}`);
  return told.length === 0 ? "nothing" : told.join(", ");
}

/** As many as one reads. */
const mostPeers = 20;
const mostSubnets = 4;

export function formatPeers({ peers, mode }: OverlayView): string {
  if (peers.length === 0) return "no other hosts";
  const header = ["HOST", "VTEP", "MAC", mode === "routed" ? "SUBNETS" : "CONTAINERS"];
  const rows = peers.slice(0, mostPeers).map(({ node, vtep, mac, subnets, endpoints }) => {
    const more = subnets.length - mostSubnets;
    const listed = [...subnets.slice(0, mostSubnets), ...(more > 0 ? [`and ${more} more`] : [])].join(" ");
    return [node, vtep, mac, mode === "routed" ? listed || "-" : `${endpoints.length}`];
  });
  const hidden = peers.length - mostPeers;
  const table = formatTable([header, ...rows]);
  return hidden > 0 ? `${table}\nand ${plural(hidden, "host")} more: --json has all` : table;
}
