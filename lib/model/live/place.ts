/** Where signs of a live probe were seen: in the order of its path, in words, and as stages of the model. */

import { formatOwner } from "../owner.ts";
import type { StageId } from "../path/trace.ts";
import type { LiveEvent } from "./event.ts";
import { formatError } from "./icmp-error.ts";
import type { LiveRequest, LiveStage } from "./live.ts";
import { ruleStage } from "./rule-stage.ts";

export interface LivePlace {
  /** Places farther on have higher ones. */
  readonly rank: number;
  /** The key under which live-vanished.ts knows what comes next. */
  readonly step: Step;
  readonly place: string;
  /** The last stage of the model that lies behind the packet then. */
  readonly stage?: StageId;
}

/** In the order of the path. */
const STEPS = [
  "unsent",
  "vnic neighbour",
  "vnic out",
  "port in",
  "bridge prerouting first",
  "bridge prerouting rule",
  "bridge prerouting last",
  "bridge input first",
  "bridge input rule",
  "bridge input last",
  "bridge forward first",
  "bridge forward rule",
  "bridge forward last",
  "switch in",
  "host prerouting first",
  "host prerouting rule",
  "host prerouting last",
  "host input first",
  "host input rule",
  "host input last",
  "host forward first",
  "host forward rule",
  "host forward last",
  "host output first",
  "host output rule",
  "host output last",
  "host postrouting first",
  "host postrouting rule",
  "host postrouting last",
  "host neighbour",
  "switch out",
  "uplink out",
  "bridge output first",
  "bridge output rule",
  "bridge output last",
  "bridge postrouting first",
  "bridge postrouting rule",
  "bridge postrouting last",
  "port out",
  "receiver in",
  "elsewhere",
  "error",
] as const;
export type Step = (typeof STEPS)[number];

/** What is behind a packet that was seen there. */
const PROVEN: Partial<Record<Step, StageId>> = {
  "vnic out": "vnic.neighbour",
  "port in": "port.out",
  "bridge prerouting last": "switch.foreign.prerouting",
  "bridge input first": "switch.forward",
  "bridge input last": "switch.foreign.input",
  "bridge forward first": "switch.forward",
  "bridge forward last": "switch.foreign.forward",
  "switch in": "switch.forward",
  "host prerouting first": "host.arrival",
  "host prerouting last": "host.nat.prerouting",
  "host input first": "host.route",
  "host input last": "host.input",
  "host forward first": "host.mtu",
  "host forward last": "host.isolation",
  "host postrouting last": "host.nat.postrouting",
  "switch out": "host.neighbour",
  "uplink out": "host.neighbour",
  "bridge postrouting last": "port.acl.in",
  "port out": "port.qos.in",
  "receiver in": "vnic",
};

export function placeOf(event: LiveEvent, request: LiveRequest): LivePlace {
  const step = stepOf(event, request);
  const stage = event.kind === "rule" ? ruleStage(event) : PROVEN[step];
  return { rank: STEPS.indexOf(step), step, place: wordsFor(event, step, request), ...(stage && { stage }) };
}

function stepOf(event: LiveEvent, request: LiveRequest): Step {
  switch (event.kind) {
    case "unsent":
      return "unsent";
    case "hook":
      return `${event.layer} ${event.hook} ${event.edge}`;
    case "rule":
      return `${event.layer} ${event.hook} rule`;
    case "error":
      return "error";
    case "neighbour":
      return event.space.kind === "sender" ? "vnic neighbour" : "host neighbour";
    case "frame":
      return frameStep(event, request);
  }
}

function frameStep(
  { space, direction, interface: name }: Extract<LiveEvent, { kind: "frame" }>,
  request: LiveRequest,
): Step {
  if (space.kind === "sender") return direction === "out" ? "vnic out" : "receiver in";
  if (space.kind === "receiver") return direction === "in" ? "receiver in" : "elsewhere";
  const port = request.endpoints.some((plan) => plan.port.name === name);
  if (direction !== "out") {
    if (name === request.from.port.name) return "port in";
    return direction === "in" && name === request.from.switch.name ? "switch in" : "elsewhere";
  }
  return port ? "port out" : isOurInterface(name, request) ? "switch out" : "uplink out";
}

function wordsFor(event: LiveEvent, step: Step, { from, receivers }: LiveRequest): string {
  switch (event.kind) {
    case "unsent":
      return `compartment of ${formatOwner(from.owner)}`;
    case "hook":
      return `${event.layer === "bridge" ? "switch" : "host"}, hook ${event.hook}`;
    case "rule":
      return `table ${event.table}, chain ${event.chain}`;
    default: {
      const { space, interface: name } = event;
      if (space.kind === "sender") return `${name} of ${formatOwner(from.owner)}`;
      if (space.kind === "receiver") {
        const plan = receivers.find(({ key }) => key === space.key);
        return plan ? `${name} of ${formatOwner(plan.owner)}` : name;
      }
      if (step === "port in" || step === "port out") return `port ${name}`;
      return step.startsWith("switch") ? `switch ${name}` : `interface ${name}`;
    }
  }
}

/** As a line of the result; what tells nothing new makes none. */
export function describeEvent(event: LiveEvent, request: LiveRequest): readonly LiveStage[] {
  const { place, stage } = placeOf(event, request);
  const what = describe(event, stage);
  if (what === undefined) return [];
  const header = event.kind === "frame" ? { header: event.header } : {};
  return [{ ms: round(event.ms), place, what, ...(stage && { stage }), ...header }];
}

function describe(event: LiveEvent, stage: StageId | undefined): string | undefined {
  switch (event.kind) {
    case "unsent":
      return `not sent: ${event.errno}`;
    case "hook":
      // Where the model has no stage a hook tells nothing new.
      return stage && (event.edge === "last" ? "passed all rules" : "came");
    case "rule":
      return event.rule === undefined ? `policy ${event.verdict}` : event.rule;
    case "error":
      return `${event.from} answered ${formatError(event)}`;
    case "neighbour":
      return event.question ? `asked who has ${event.target}` : `told who has ${event.target}`;
    case "frame":
      return event.direction === "out" ? "went out" : "came in";
  }
}

const round = (ms: number): number => Math.max(0, Math.round(ms * 100) / 100);

export function isOurInterface(name: string, { endpoints }: LiveRequest): boolean {
  return endpoints.some((plan) => plan.port.name === name || plan.switch.name === name);
}
