/** A trace with all that each stage looked at: object, key, value, and who wrote it. Pure. */
import type { Mac } from "../../../lib/addr/mac.ts";
import { formatFlow } from "../../../lib/model/path/format-flow.ts";
import { noMac } from "../../../lib/model/path/groups.ts";
import type { Stage } from "../../../lib/model/path/trace.ts";
import type { Packet } from "../../../lib/policy/packet.ts";
import { formatTable } from "../format.ts";
import { formatEnd } from "./format-text.ts";
import { endOf, type TraceView } from "./view.ts";
import { placeWords, writerWords } from "./words.ts";

const indent = "  ";

export function formatDetailed(view: TraceView): string {
  const { packet, state, stages } = view.trace;
  let number = 0;
  const format = (stage: Stage): string => formatStage(stage, ++number);
  return [
    `${describe(packet)}, ${state}, from ${view.name}`,
    ...stages.map(format),
    ...(view.far ?? []).flatMap((leg) => [`on ${leg.host}, the far switch`, ...leg.trace.stages.map(format)]),
    formatEnd(endOf(view)).join("\n"),
  ].join("\n\n");
}

function formatStage(stage: Stage, number: number): string {
  const { id, where, object, key, value, writer, decision, packet } = stage;
  const rows = [
    ["looked at", object],
    ["for", key],
    ["found", value],
    ["written by", writerWords(writer)],
    ["decision", decision],
    ...(packet === undefined ? [] : [["packet now", describe(packet)]]),
  ];
  return `${number}. ${id} (${placeWords(where)})\n${formatTable(rows, { indent: indent + indent })}`;
}

/** Beyond the host nobody knows them. */
const macWords = (mac: Mac): string => (mac === noMac ? "any MAC" : mac);

/** With MACs and sizes, where they are told. */
function describe(packet: Packet): string {
  const { sourceMac, destinationMac } = packet;
  const ip = packet.kind === "ip" ? packet : undefined;
  const size = ip?.bytes === undefined ? "" : `, ${ip.bytes} bytes`;
  const hops = ip?.ttl === undefined ? "" : `, TTL ${ip.ttl}`;
  const macs = `${macWords(sourceMac)} > ${macWords(destinationMac)}`;
  return `${formatFlow(packet)} (${macs}${size}${hops})`;
}
