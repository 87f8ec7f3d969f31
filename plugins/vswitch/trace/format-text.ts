/** A trace for a person: one line a stage, the verdict with its remedy, then what mattered. Pure. */
import { formatFlow } from "../../../lib/model/path/format-flow.ts";
import type { Stage, Trace } from "../../../lib/model/path/trace.ts";
import type { Packet } from "../../../lib/policy/packet.ts";
import { formatTable } from "../format.ts";
import { endOf, type TraceEnd, type TraceView } from "./view.ts";
import { changesBetween, consultedWords, placeWords, shortNames, verdictWords } from "./words.ts";

const indent = "  ";

export function formatText(view: TraceView): string {
  const { trace, name, far = [] } = view;
  return [
    `${formatFlow(trace.packet)}, ${stateWords(trace)} from ${shortNames(name)}`,
    "",
    formatTable(stageRows(trace), { indent }),
    "",
    ...far.flatMap((leg) => [
      `on ${leg.host}, the far switch`,
      "",
      formatTable(stageRows(leg.trace), { indent }),
      "",
    ]),
    ...formatEnd(endOf(view)),
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
export function formatEnd(end: TraceEnd): readonly string[] {
  const { headline, lines } = verdictWords(end.verdict, end.host);
  const replies = end.replies.map((line) => [line]);
  return [
    headline,
    ...lines.map((line) => indent + line),
    ...(replies.length === 0 ? [] : ["Answers", formatTable(replies, { indent })]),
    ...formatFields(end),
  ];
}

function formatFields({ consulted }: TraceEnd): readonly string[] {
  if (consulted.length === 0) return [];
  return [
    "Fields that mattered; what differs only in others, or within these, fares the same",
    formatTable(consulted.map(consultedWords), { indent }),
  ];
}
