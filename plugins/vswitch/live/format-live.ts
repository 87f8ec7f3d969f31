/** Model and kernel side by side, as text. Pure. */
import { formatLive, hasPassed, type LiveComparison } from "../../../lib/model/live/compare.ts";
import type { LiveResult, LiveStage } from "../../../lib/model/live/live.ts";
import { type StageId, stageIds, type Trace } from "../../../lib/model/path/trace.ts";
import { formatTable } from "../format.ts";
import { formatTag } from "./tag.ts";

export function formatSideBySide(
  trace: Trace,
  live: LiveResult,
  { agree, differences }: LiveComparison,
): string {
  const rows = stageIds.flatMap((id) => stageRows(id, trace, live));
  const others = live.stages.filter(({ stage }) => stage === undefined);
  const table = formatTable([
    ["STAGE", "MODEL", "KERNEL"],
    ...rows,
    ...others.map((one) => ["", "", said(one)]),
  ]);
  const ending = {
    true: "Model and kernel agree.",
    false: "MODEL AND KERNEL DIFFER:",
    undefined: "The model needs more input: there is nothing to compare.",
  }[`${agree}`];
  return [
    table,
    "",
    `Kernel: the probe ${formatLive(live.verdict)}.`,
    ...onward(trace, live),
    ...live.blind.map((what) => `Not watched: ${what}.`),
    ending,
    ...differences.map((difference) => `  ${difference}`),
  ].join("\n");
}

/** Who knows more where it went to another host. */
function onward({ verdict }: Trace, { verdict: seen, tag: number }: LiveResult): readonly string[] {
  if (seen.kind !== "left" || seen.header.tunnel === undefined) return [];
  const end = verdict.kind === "perhaps" ? verdict.otherwise : verdict;
  const { destination } = seen.header.tunnel;
  const node = end.kind === "leaves" ? (end.tunnel?.node ?? destination) : destination;
  const tag = formatTag(number);
  return [
    `Where it arrives host ${node} can tell: \`vswitch trace --await ${tag}\` there first, then this with \`--tag ${tag}\`.`,
  ];
}

/** A line for what the model says, and one for each thing that was seen there. */
function stageRows(id: StageId, { stages }: Trace, live: LiveResult): readonly (readonly string[])[] {
  const model = stages
    .filter((stage) => stage.id === id)
    .map(({ decision, value }) => `${decision}: ${value}`);
  const seen = live.stages.filter(({ stage }) => stage === id).map(said);
  if (model.length === 0 && seen.length === 0) return [];
  const kernel = seen.length > 0 ? seen : [hasPassed(id, live) ? "passed" : "not seen there"];
  return Array.from({ length: Math.max(model.length, kernel.length) }, (_, i) => [
    i === 0 ? id : "",
    model[i] ?? "",
    kernel[i] ?? "",
  ]);
}

const said = ({ ms, place, what }: LiveStage): string => `${ms.toFixed(2)} ms ${place}: ${what}`;
