/** Counters of ports as a table, as lines, and as JSON. Pure. */
import { droppedPackets } from "../../../lib/model/counters.ts";
import { formatBytes, formatCount, formatTable, shortOwner } from "../format.ts";
import type { Flow, PortStats, Sample } from "./rates.ts";

/** What drops, in the order in which a packet from the container meets it. */
const layers = ["guard", "acl", "qos", "kernel"] as const;

/** @param rows most ports that fit; the busiest are shown then */
export function formatStats({ ports }: Sample, rows: number = Number.POSITIVE_INFINITY): string {
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
    one.droppedPerSecond === undefined
      ? formatCount(droppedPackets(one.drops))
      : `${formatCount(one.droppedPerSecond)}/s`,
  ]);
  const table = formatTable([header, ...lines], { right: [2, 3, 4, 5, 6, 7, 8, 9, 10] });
  const hidden = ports.length - shown.length;
  return hidden === 0 ? table : `${table}\n${hidden} more, less busy`;
}

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

/** One line per port: for `grep`, and for logs. */
export function formatStatsLines({ atMs, ports }: Sample): string {
  const time = new Date(atMs).toISOString();
  return ports
    .map((one) => {
      const [out, into] = [flowCells(one.out).join(" "), flowCells(one.in).join(" ")];
      const drops = layers.map((layer) => `${layer} ${droppedPackets(one.drops, layer)}`).join(", ");
      return `${time} ${nameOf(one)} ${placeOf(one)}: out ${out}, in ${into}; dropped: ${drops}`;
    })
    .join("\n");
}

/** One line, the whole sample. */
export function formatStatsJson({ atMs, ports }: Sample): string {
  const entries = ports.map(({ owner, ...rest }) => ({ ...owner, ...rest }));
  return JSON.stringify({ at: new Date(atMs).toISOString(), ports: entries });
}
