/** Traces one packet through a scene. Pure, total, and the same whatever host it runs on. */

import type { Scene } from "../scene.ts";
import { type FieldName, fieldNames } from "./consulted.ts";
import type { Branch, Passage, Segment } from "./layer.ts";
import { path, type Stretch } from "./path.ts";
import { repliesTo } from "./replies.ts";
import { type Begin, begin, type Probe, type TraceStart } from "./start.ts";
import type { ConnectionState, Delivered, Leaves, Stage, Trace, Verdict } from "./trace.ts";
import { merge, type Walk } from "./walk.ts";

export interface TraceOptions {
  /** Default: `new`. */
  readonly state?: ConnectionState;
}

/** @throws {RangeError} when the start names an endpoint that the scene does not have */
export function tracePacket(
  scene: Scene,
  start: TraceStart,
  probe: Probe,
  { state = "new" }: TraceOptions = {},
): Trace {
  const first = begin(scene, start, probe, state);
  if (first === undefined) throw new RangeError(`no endpoint of the scene has key ${JSON.stringify(start)}`);
  return travel(first).trace;
}

export interface Travelled {
  readonly trace: Trace;
  /** Where it ended. */
  readonly walk: Walk;
}

/** The whole way on one host. */
export function travel(first: Begin): Travelled {
  const { walk, stages, verdict } = follow(first.walk, first.segment);
  const trace: Trace = {
    packet: walk.origin,
    state: walk.state,
    stages,
    verdict,
    consulted: [...walk.consulted].map(([field, cell]) => ({ field, ...cell })).toSorted(byField),
    replies: repliesTo(walk, verdict, stages),
  };
  return { trace, walk };
}

interface Followed {
  readonly walk: Walk;
  readonly stages: readonly Stage[];
  readonly verdict: Verdict;
}

/** From stretch to stretch; each is passed once at most, so that it ends. */
function follow(start: Walk, from: Segment): Followed {
  const stages: Stage[] = [];
  let walk = start;
  let segment: Segment | undefined = from;
  while (segment !== undefined) {
    const { layers, next }: Stretch = path[segment];
    segment = next;
    for (const layer of layers) {
      const passage = layer(walk);
      walk = passage.walk;
      if (passage.stage !== undefined) stages.push(passage.stage);
      if (passage.kind === "end") return { walk, stages, verdict: withDoubts(walk, passage.verdict) };
      if (passage.kind === "fork") return { ...fork(walk, passage), stages };
      if (passage.to === undefined) continue;
      segment = passage.to;
      break;
    }
  }
  // What is no IP has only a switch to pass.
  const what = "an endpoint to start from: frames that are no IP are traced on a switch alone";
  return { walk, stages, verdict: { kind: "needs more input", stage: "host.arrival", what } };
}

/** A branch counts when its packet is taken; what the branches have looked at counts all together. */
function fork(walk: Walk, { branches }: Extract<Passage, { readonly kind: "fork" }>) {
  const ends = branches.map(({ walk: one, to }: Branch) => follow(one, to));
  const members = ends.flatMap(({ verdict }) => membersOf(verdict));
  const looked = ends.reduce((all, one) => merge(all, one.walk), walk);
  // Nobody is known to take it, but one of them may.
  const open = ends.find(({ verdict }) => verdict.kind === "needs more input")?.verdict;
  return { walk: looked, verdict: members.length === 0 && open ? open : groupVerdict(looked, members) };
}

function membersOf(verdict: Verdict): readonly string[] {
  if (verdict.kind === "perhaps") return membersOf(verdict.otherwise).map((member) => `${member} perhaps`);
  if (verdict.kind === "leaves") return [beyond(verdict)];
  if (verdict.kind !== "delivered") return [];
  const { to } = verdict;
  if (to.kind === "group") return to.members;
  return [to.kind === "host" ? "host" : to.owner];
}

const beyond = ({ interface: name, tunnel }: Leaves): string =>
  tunnel === undefined ? `beyond ${name}` : `host ${tunnel.node ?? tunnel.vtep}`;

function groupVerdict({ packet, network, in: from = "" }: Walk, members: readonly string[]): Verdict {
  const name = network?.switch.name ?? from;
  if (members.length > 0)
    return { kind: "delivered", to: { kind: "group", switch: name, members: [...new Set(members)] }, packet };
  return {
    kind: "dropped",
    stage: "switch.forward",
    reason: "no-receiver",
    by: `nobody on switch ${name} takes ${packet.destinationMac}`,
    remedy: "Attach a container that shall get it; ACLs (In) of those there are may block it.",
  };
}

/** A rule that may drop the packet leaves a drop a drop. */
function withDoubts({ doubts }: Walk, verdict: Verdict): Verdict {
  const isOpen = verdict.kind === "delivered" || verdict.kind === "leaves";
  if (doubts.length === 0 || !isOpen) return verdict;
  return {
    kind: "perhaps",
    rules: [...new Set(doubts)],
    remedy: "Look at these rules yourself, or send a packet and watch: `vswitch trace --live`.",
    otherwise: verdict satisfies Delivered | Leaves,
  };
}

const byField = (a: { readonly field: FieldName }, b: { readonly field: FieldName }): number =>
  fieldNames.indexOf(a.field) - fieldNames.indexOf(b.field);
