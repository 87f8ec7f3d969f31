/** A trace as byte-stable text, for tests: one line a stage, and the verdict. Pure. */
import { formatFlow } from "../../../lib/model/path/format-flow.ts";
import type { Trace, Verdict } from "../../../lib/model/path/trace.ts";
import { endOf, type TraceView } from "./view.ts";
import { changesBetween } from "./words.ts";

export function formatMinimal(view: TraceView): string {
  const { trace, far = [] } = view;
  return [
    formatFlow(trace.packet),
    ...stageLines(trace),
    ...far.flatMap((leg) => [`on ${leg.host}`, ...stageLines(leg.trace)]),
    verdictLine(endOf(view).verdict),
  ].join("\n");
}

/** Nothing in it depends on the machine, the time or the words in which things are explained. */
export const minimal = (trace: Trace): readonly string[] => [
  formatFlow(trace.packet),
  ...stageLines(trace),
  verdictLine(trace.verdict),
];

function stageLines({ packet, stages }: Trace): readonly string[] {
  let before = packet;
  return stages.map(({ id, where, decision, packet: after }) => {
    const changes = after === undefined ? [] : changesBetween(before, after);
    before = after ?? before;
    return [id, where.name, decision, ...changes].join(" ");
  });
}

function verdictLine(verdict: Verdict): string {
  switch (verdict.kind) {
    case "delivered": {
      const { to, packet } = verdict;
      const whom = to.kind === "endpoint" ? to.owner : to.kind === "host" ? "host" : to.members.join(" ");
      return `delivered ${whom} ${formatFlow(packet)}`;
    }
    case "leaves":
      return [
        `leaves ${verdict.interface}`,
        ...(verdict.tunnel === undefined ? [] : [`to ${verdict.tunnel.vtep}`]),
        formatFlow(verdict.packet),
      ].join(" ");
    case "dropped":
      return `dropped ${verdict.stage} ${verdict.reason}`;
    case "perhaps":
      return `perhaps, else ${verdictLine(verdict.otherwise)}`;
    case "needs more input":
      return `needs more input ${verdict.stage}`;
  }
}
