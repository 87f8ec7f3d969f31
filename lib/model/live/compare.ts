/** The model held against a live probe: whether both say the same became of the packet. */
import type { Packet } from "../../policy/packet.ts";
import {
  type Delivered,
  type Leaves,
  type StageId,
  stageIds,
  type Trace,
  type Verdict,
} from "../path/trace.ts";
import type { LiveHeader, LiveResult, LiveVerdict } from "./live.ts";

export interface LiveComparison {
  /** Undefined when the model has no verdict to compare. */
  readonly agree: boolean | undefined;
  /** Sentences: where they differ. */
  readonly differences: readonly string[];
}

export function compareLive(trace: Trace, live: LiveResult): LiveComparison {
  const { verdict } = trace;
  if (verdict.kind === "needs more input") return { agree: undefined, differences: [] };
  if (verdict.kind === "perhaps") {
    const stopped = live.verdict.kind === "dropped" && live.verdict.stage.includes(".foreign.");
    return stopped ? { agree: true, differences: [] } : told(differing(verdict.otherwise, live.verdict));
  }
  return told(differing(verdict, live.verdict));
}

const told = (differences: readonly string[]): LiveComparison => ({
  agree: differences.length === 0,
  differences,
});

function differing(verdict: Exclude<Verdict, { kind: "perhaps" | "needs more input" }>, live: LiveVerdict) {
  if (verdict.kind === "dropped") return stopDiffers(verdict.stage, live);
  if (!sameEnd(verdict, live)) return [`the model says: ${endOf(verdict)}; the kernel: ${formatLive(live)}`];
  return "header" in live ? headerDiffers(verdict.packet, live.header) : [];
}

function sameEnd(verdict: Delivered | Leaves, live: LiveVerdict): boolean {
  if (verdict.kind === "leaves")
    return (
      live.kind === "left" &&
      live.interface === verdict.interface &&
      live.header.tunnel?.destination === verdict.tunnel?.vtep
    );
  const { to } = verdict;
  switch (to.kind) {
    case "endpoint":
      return live.kind === "arrived" && live.endpoint === to.owner;
    case "host":
      return live.kind === "arrived at the host";
    case "group":
      if (live.kind === "arrived at the host") return to.members.includes("host");
      return live.kind === "arrived" && to.members.includes(live.endpoint);
  }
}

/** The kernel may not tell at which of several stages a packet went. */
function stopDiffers(stage: StageId, live: LiveVerdict): readonly string[] {
  if (live.kind === "dropped") {
    return live.stage === stage
      ? []
      : [`the model drops it at ${stage}, the kernel at ${live.stage}: ${formatLive(live)}`];
  }
  if (live.kind === "vanished") {
    const same = live.stages.length === 0 || live.stages.includes(stage);
    return same ? [] : [`the model drops it at ${stage}; in the kernel it ${formatLive(live)}`];
  }
  return [`the model drops it at ${stage}, the kernel does not: ${formatLive(live)}`];
}

const fields = ["source", "destination", "sourcePort", "destinationPort"] as const;

/** What was translated on the way must be so in both. */
function headerDiffers(packet: Packet, header: LiveHeader): readonly string[] {
  if (packet.kind !== "ip") return [];
  return fields.flatMap((field) => {
    const [expected, found] = [packet[field], header[field]];
    if (expected === undefined || found === undefined || expected === found) return [];
    return [`${field} at the end is ${expected} in the model, ${found} in the kernel`];
  });
}

function endOf(verdict: Delivered | Leaves): string {
  if (verdict.kind === "leaves") {
    const { interface: name, tunnel } = verdict;
    return `it leaves by ${name}${tunnel === undefined ? "" : ` to VTEP ${tunnel.vtep}`}`;
  }
  const { to } = verdict;
  if (to.kind === "host") return "it arrives at the host";
  return to.kind === "group" ? `it goes to ${to.members.join(", ")}` : `it arrives at ${to.owner}`;
}

/** A verdict of the kernel in words. */
export function formatLive(live: LiveVerdict): string {
  switch (live.kind) {
    case "arrived":
      return live.place === "vnic"
        ? `arrived at ${live.endpoint}`
        : `was given to the port of ${live.endpoint}`;
    case "arrived at the host":
      return "arrived at the host";
    case "left":
      return live.header.tunnel === undefined
        ? `left by ${live.interface} with source ${live.header.source}`
        : `left by ${live.interface} to VTEP ${live.header.tunnel.destination} with source ${live.header.source}`;
    case "dropped": {
      const by = live.rule === undefined ? "its policy" : `the rule "${live.rule}"`;
      return `was dropped by table ${live.table}, chain ${live.chain}: ${by}`;
    }
    case "vanished":
      return live.after === "nowhere"
        ? `was not sent: ${live.hint}`
        : `vanished after ${live.after}: ${live.hint}`;
  }
}

/** Whether the packet has passed a stage, by what was seen farther on. */
export function hasPassed(stage: StageId, live: LiveResult): boolean {
  const farthest = Math.max(
    -1,
    ...live.stages.map(({ stage: seen }) => (seen ? stageIds.indexOf(seen) : -1)),
  );
  return stageIds.indexOf(stage) <= farthest;
}
