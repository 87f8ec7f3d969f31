/** A trace for a person: one line a stage, the verdict with its remedy, then what mattered. Pure. */
import { formatFlow } from "../../../lib/model/path/format-flow.ts";
import type { Stage, Trace } from "../../../lib/model/path/trace.ts";
import type { Packet } from "../../../lib/policy/packet.ts";
import { formatTable } from "../format.ts";
import type { TraceView } from "./view.ts";
import { changesBetween, consultedWords, placeWords, shortNames, verdictWords } from "./words.ts";

const indent = "  ";

export function formatText({ trace, name }: TraceView): string {
  return [
    `${formatFlow(trace.packet)}, ${stateWords(trace)} from ${shortNames(name)}`,
    "",
    formatTable(stageRows(trace), { indent }),
    "",
    ...formatEnd(trace),
  ].join("\n");
}

const stateWords = ({ state, packet }: Trace): string =>
  packet.kind === "ip" ? `${state === "new" ? "a new" : "an established"} connection` : "a frame";

/** Each place is named where the packet comes to it. */
function stageRows({ stages, packet }: Trace): readonly (readonly string[])[] {
  let before = packet;
  let place = "";
  return stages.map((stage) => {
    const here = placeWords(stage.where);
    const row = [here === place ? "" : here, stage.id, stage.decision, said(stage, before)];
    place = here;
    before = stage.packet ?? before;
    return row;
  });
}

function said({ value, packet }: Stage, before: Packet): string {
  const changes = packet === undefined ? [] : changesBetween(before, packet);
  return changes.length === 0 ? value : `${changes.join(", ")}: ${value}`;
}

/** Verdict, replies, fields. */
export function formatEnd(trace: Trace): readonly string[] {
  const { headline, lines } = verdictWords(trace.verdict);
  const replies = trace.replies.map((line) => [line]);
  return [
    headline,
    ...lines.map((line) => indent + line),
    ...(replies.length === 0 ? [] : ["Answers", formatTable(replies, { indent })]),
    ...formatFields(trace),
  ];
}

function formatFields(trace: Trace): readonly string[] {
  if (trace.consulted.length === 0) return [];
  return [
    "Fields that mattered; what differs only in others, or within these, fares the same",
    formatTable(trace.consulted.map(consultedWords), { indent }),
  ];
}
