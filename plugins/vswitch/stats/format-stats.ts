/** Counters of ports as a table, as lines, and as JSON. Pure. */
import { droppedPackets } from "../../../lib/model/counters.ts";
import { formatBytes, formatCount, formatTable, shortOwner } from "../format.ts";
import type { Flow, PortStats, Sample, TunnelStats } from "./rates.ts";

/** What drops, in the order in which a packet from the container meets it. */
const layers = ["guard", "acl", "qos", "kernel"] as const;

/** @param rows most ports that fit; the busiest are shown then */
export function formatStats({ ports, tunnels }: Sample, rows: number = Number.POSITIVE_INFINITY): string {
  // A line between the tables, and their header.
  const left = rows - (tunnels.length === 0 ? 0 : tunnels.length + 2);
  const table = formatPorts(ports, Math.max(1, left));
  return tunnels.length === 0 ? table : `${table}\n\n${formatTunnels(tunnels)}`;
}

/** What drops on the way to other hosts and from them. */
const tunnelLayers = ["tunnel", "isolation", "kernel"] as const;

function formatTunnels(tunnels: readonly TunnelStats[]): string {
  const header = ["NETWORK", "TUNNEL", "OUT", "", "IN", "", "FILTER", "ISOLATION", "KERNEL", "DROPPED"];
  const lines = tunnels.map((one) => [
    one.network,
    one.tunnel,
    ...flowCells(one.out),
    ...flowCells(one.in),
    ...tunnelLayers.map((layer) => formatCount(droppedPackets(one.drops, layer))),
    droppedCell(one),
  ]);
  return formatTable([header, ...lines], { right: [2, 3, 4, 5, 6, 7, 8, 9] });
}

function formatPorts(ports: readonly PortStats[], rows: number): string {
  if (ports.length === 0) return "no ports";
  const shown = ports.length <= rows ? ports : ports.toSorted((a, b) => load(b) - load(a)).slice(0, rows);
  const header = [
    "ENDPOINT",
    "PORT",
    "OUT",
    "",
    "IN",
    "",
    ...layers.map((layer) => layer.toUpperCase()),
    "DROPPED",
  ];
  const lines = shown.map((one) => [
    nameOf(one),
    placeOf(one),
    ...flowCells(one.out),
    ...flowCells(one.in),
    ...layers.map((layer) => formatCount(droppedPackets(one.drops, layer))),
    droppedCell(one),
  ]);
  const table = formatTable([header, ...lines], { right: [2, 3, 4, 5, 6, 7, 8, 9, 10] });
  const hidden = ports.length - shown.length;
  return hidden === 0 ? table : `${table}\n${hidden} more, less busy`;
}

const droppedCell = ({ drops, droppedPerSecond }: Pick<PortStats, "drops" | "droppedPerSecond">): string =>
  droppedPerSecond === undefined ? formatCount(droppedPackets(drops)) : `${formatCount(droppedPerSecond)}/s`;

/** Rates where there are any, else totals. */
function flowCells({ packets, bytes, packetsPerSecond, bytesPerSecond }: Flow): readonly [string, string] {
  if (packetsPerSecond === undefined || bytesPerSecond === undefined)
    return [`${formatCount(packets)} p`, formatBytes(bytes)];
  return [`${formatCount(packetsPerSecond)} p/s`, `${formatBytes(bytesPerSecond)}/s`];
}

const load = ({ in: into, out }: PortStats): number =>
  (into.bytesPerSecond ?? into.bytes) + (out.bytesPerSecond ?? out.bytes);

/** Where it is counted. */
const placeOf = ({ port, interface: name }: PortStats): string => port ?? `${name} inside`;

const nameOf = ({ owner }: PortStats): string => (owner === undefined ? "(unknown)" : shortOwner(owner));

/** One line per port and tunnel: for `grep`, and for logs. */
export function formatStatsLines({ atMs, ports, tunnels }: Sample): string {
  const time = new Date(atMs).toISOString();
  return [
    ...ports.map((one) => `${time} ${nameOf(one)} ${placeOf(one)}: ${countWords(one, layers)}`),
    ...tunnels.map((one) => `${time} ${one.network} ${one.tunnel}: ${countWords(one, tunnelLayers)}`),
  ].join("\n");
}

function countWords(
  { out, in: into, drops }: Pick<PortStats, "out" | "in" | "drops">,
  of: readonly string[],
): string {
  const dropped = of.map((layer) => `${layer} ${droppedPackets(drops, layer)}`).join(", ");
  return `out ${flowCells(out).join(" ")}, in ${flowCells(into).join(" ")}; dropped: ${dropped}`;
}

/** One line, the whole sample. */
export function formatStatsJson({ atMs, ports, tunnels }: Sample): string {
  const entries = ports.map(({ owner, ...rest }) => ({ ...owner, ...rest }));
  const more = tunnels.length === 0 ? {} : { tunnels };
  return JSON.stringify({ at: new Date(atMs).toISOString(), ports: entries, ...more });
}
