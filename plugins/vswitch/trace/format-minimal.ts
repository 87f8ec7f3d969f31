/** A trace as byte-stable text, for tests: one line a stage, and the verdict. Pure. */
import { formatFlow } from "../../../lib/model/path/format-flow.ts";
import type { Trace, Verdict } from "../../../lib/model/path/trace.ts";
import type { TraceView } from "./view.ts";
import { changesBetween } from "./words.ts";

export const formatMinimal = ({ trace }: TraceView): string => minimal(trace).join("\n");

/** Nothing in it depends on the machine, the time or the words in which things are explained. */
export function minimal({ packet, stages, verdict }: Trace): readonly string[] {
  let before = packet;
  const lines = stages.map(({ id, where, decision, packet: after }) => {
    const changes = after === undefined ? [] : changesBetween(before, after);
    before = after ?? before;
    return [id, where.name, decision, ...changes].join(" ");
  });
  return [formatFlow(packet), ...lines, verdictLine(verdict)];
}

function verdictLine(verdict: Verdict): string {
  switch (verdict.kind) {
    case "delivered": {
      const { to, packet } = verdict;
      const whom = to.kind === "endpoint" ? to.owner : to.kind === "host" ? "host" : to.members.join(" ");
      return `delivered ${whom} ${formatFlow(packet)}`;
    }
    case "leaves":
      return `leaves ${verdict.interface} ${formatFlow(verdict.packet)}`;
    case "dropped":
      return `dropped ${verdict.stage} ${verdict.reason}`;
    case "perhaps":
      return `perhaps, else ${verdictLine(verdict.otherwise)}`;
    case "needs more input":
      return `needs more input ${verdict.stage}`;
  }
}
