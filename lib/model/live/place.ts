/** Where signs of a live probe were seen: in the order of its path, in words, and as stages of the model. */
import { formatOwner } from "../owner.ts";
import type { StageId } from "../path/trace.ts";
import type { LiveEvent } from "./event.ts";
import { formatError } from "./icmp-error.ts";
import type { LiveOuter, LiveScope, LiveStage } from "./live.ts";
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
  "underlay in",
  "underlay prerouting first",
  "underlay prerouting rule",
  "underlay prerouting last",
  "underlay input first",
  "underlay input rule",
  "underlay input last",
  "tunnel in",
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
  "tunnel out",
  "underlay output first",
  "underlay output rule",
  "underlay output last",
  "underlay forward first",
  "underlay forward rule",
  "underlay forward last",
  "underlay postrouting first",
  "underlay postrouting rule",
  "underlay postrouting last",
  "underlay neighbour",
  "underlay out",
  "port out",
  "receiver in",
  "elsewhere",
  "error",
] as const;
export type Step = (typeof STEPS)[number];

/** What is behind a packet that was seen there. */
const PROVEN: Partial<Record<Step, StageId>> = {
  "underlay in": "underlay.arrival",
  "underlay prerouting last": "underlay.foreign.prerouting",
  "underlay input last": "underlay.foreign.input",
  "tunnel in": "tunnel.in",
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
  "tunnel out": "tunnel.out",
  "underlay output first": "tunnel.encap",
  "underlay output last": "underlay.foreign.output",
  "underlay postrouting last": "underlay.foreign.postrouting",
  "underlay out": "underlay.neighbour",
  "port out": "port.qos.in",
  "receiver in": "vnic",
};

export function placeOf(event: LiveEvent, scope: LiveScope): LivePlace {
  const step = stepOf(event, scope);
  const stage = event.kind === "rule" ? ruleStage(event) : PROVEN[step];
  return { rank: STEPS.indexOf(step), step, place: wordsFor(event, step, scope), ...(stage && { stage }) };
}

function stepOf(event: LiveEvent, scope: LiveScope): Step {
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
      if (event.space.kind === "sender") return "vnic neighbour";
      return scope.tunnels?.some(({ vteps }) => vteps.includes(event.target))
        ? "underlay neighbour"
        : "host neighbour";
    case "frame":
      return frameStep(event, scope);
  }
}

function frameStep(
  { space, direction, interface: name, header }: Extract<LiveEvent, { kind: "frame" }>,
  scope: LiveScope,
): Step {
  if (space.kind === "sender") return direction === "out" ? "vnic out" : "receiver in";
  if (space.kind === "receiver") return direction === "in" ? "receiver in" : "elsewhere";
  const { endpoints, from } = scope;
  if (header.tunnel !== undefined) return direction === "out" ? "underlay out" : "underlay in";
  if (isTunnel(name, scope)) return direction === "out" ? "tunnel out" : "tunnel in";
  if (direction !== "out") {
    if (name === from?.port.name) return "port in";
    const switches = (from === undefined ? endpoints : [from]).map((plan) => plan.switch.name);
    return direction === "in" && switches.includes(name) ? "switch in" : "elsewhere";
  }
  const port = endpoints.some((plan) => plan.port.name === name);
  return port ? "port out" : isOurInterface(name, scope) ? "switch out" : "uplink out";
}

function wordsFor(event: LiveEvent, step: Step, { from, receivers }: LiveScope): string {
  switch (event.kind) {
    case "unsent":
      return `compartment of ${senderOf(from)}`;
    case "hook":
      return `${layerWords[event.layer]}, hook ${event.hook}`;
    case "rule":
      return `table ${event.table}, chain ${event.chain}`;
    default: {
      const { space, interface: name } = event;
      if (space.kind === "sender") return `${name} of ${senderOf(from)}`;
      if (space.kind === "receiver") {
        const plan = receivers.find(({ key }) => key === space.key);
        return plan ? `${name} of ${formatOwner(plan.owner)}` : name;
      }
      if (step === "port in" || step === "port out") return `port ${name}`;
      if (step === "tunnel in" || step === "tunnel out") return `tunnel ${name}`;
      return step.startsWith("switch") ? `switch ${name}` : `interface ${name}`;
    }
  }
}

const layerWords = { bridge: "switch", host: "host", underlay: "outer packet" } as const;

const senderOf = (from: LiveScope["from"]): string =>
  from === undefined ? "the sender" : formatOwner(from.owner);

/** As a line of the result; what tells nothing new makes none. */
export function describeEvent(event: LiveEvent, scope: LiveScope): readonly LiveStage[] {
  const { place, stage } = placeOf(event, scope);
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
      return `${event.direction === "out" ? "went out" : "came in"}${outerWords(event.header.tunnel)}`;
  }
}

const outerWords = (outer: LiveOuter | undefined): string =>
  outer === undefined ? "" : ` within VXLAN ${outer.source} -> ${outer.destination}, VNI ${outer.vni}`;

const round = (ms: number): number => Math.max(0, Math.round(ms * 100) / 100);

export function isOurInterface(name: string, { endpoints, tunnels = [] }: LiveScope): boolean {
  return (
    endpoints.some((plan) => plan.port.name === name || plan.switch.name === name) ||
    isTunnel(name, { tunnels })
  );
}

const isTunnel = (name: string, { tunnels = [] }: Pick<LiveScope, "tunnels">): boolean =>
  tunnels.some((one) => one.name === name);
