/** The one shape of all layers, and the words in which they answer. */

import type { Decision, Dropped, Recipient, Stage, Verdict } from "./trace.ts";
import type { EndpointWalk, IpWalk, SwitchWalk, Walk } from "./walk.ts";

/** A stretch of the path; `path.ts` says which layers lie on each. */
export type Segment =
  | "compartment.out"
  | "vnic.out"
  | "port.out"
  | "uplink.out"
  | "uplink.leave"
  | "bridge.leave"
  | "bridge.tunnel"
  | "tunnel.out"
  | "underlay.out"
  | "tunnel.in"
  | "tunnel.bridge"
  | "wire.in"
  | "switch"
  | "host.in"
  | "host.out"
  | "host.input"
  | "host.forward"
  | "host.postrouting"
  | "port.in"
  | "compartment.in";

export interface Branch {
  readonly walk: Walk;
  readonly to: Segment;
}

/** What a layer makes of a packet. Without a stage it had nothing to say. */
export type Passage =
  /** To the next layer of the segment, or to another segment. */
  | { readonly kind: "on"; readonly walk: Walk; readonly stage?: Stage; readonly to?: Segment }
  /** To all of these at once. */
  | {
      readonly kind: "fork";
      readonly walk: Walk;
      readonly stage: Stage;
      readonly branches: readonly Branch[];
    }
  | { readonly kind: "end"; readonly walk: Walk; readonly stage: Stage; readonly verdict: Verdict };

export type Layer = (walk: Walk) => Passage;

/** A stage before it has looked. */
export type Opening = Omit<Stage, "value" | "decision" | "packet">;

/** Of no concern to the layer. */
export const skip = (walk: Walk): Passage => ({ kind: "on", walk });

/** The packet goes on. @param value what was found */
export function pass(
  walk: Walk,
  opening: Opening,
  value: string,
  decision: Decision = "pass",
  to?: Segment,
): Passage {
  const after = decision === "rewrite" ? { packet: walk.packet } : {};
  const stage: Stage = { ...opening, value, decision, ...after };
  return { kind: "on", walk, stage, ...(to === undefined ? {} : { to }) };
}

export function drop(
  walk: Walk,
  opening: Opening,
  value: string,
  why: Pick<Dropped, "reason" | "by" | "remedy">,
): Passage {
  const verdict: Dropped = { kind: "dropped", stage: opening.id, ...why };
  return { kind: "end", walk, stage: { ...opening, value, decision: "drop" }, verdict };
}

export function deliver(walk: Walk, opening: Opening, value: string, to: Recipient): Passage {
  const verdict: Verdict = { kind: "delivered", to, packet: walk.packet };
  return { kind: "end", walk, stage: { ...opening, value, decision: "deliver" }, verdict };
}

/** The path cannot tell without it. @param what a sentence */
export function ask(walk: Walk, opening: Opening, what: string): Passage {
  const verdict: Verdict = { kind: "needs more input", stage: opening.id, what };
  return { kind: "end", walk, stage: { ...opening, value: what, decision: "ask" }, verdict };
}

/** A layer that looks at IP alone. */
export function ipLayer<W extends Walk>(layer: (walk: W & IpWalk) => Passage): (walk: W) => Passage {
  return (walk) => (isIp(walk) ? layer(walk) : skip(walk));
}

/** A layer of a switch, whoever sent what is there. */
export function onSwitch(layer: (walk: SwitchWalk) => Passage): Layer {
  return (walk) => (isOnSwitch(walk) ? layer(walk) : skip(walk));
}

const isOnSwitch = (walk: Walk): walk is SwitchWalk => walk.network !== undefined;

/** A layer of an endpoint's compartment, port or switch. */
export function atEndpoint(layer: (walk: EndpointWalk) => Passage): Layer {
  return (walk) => (isAtEndpoint(walk) ? layer(walk) : skip(walk));
}

export const isIp = <W extends Walk>(walk: W): walk is W & IpWalk => walk.packet.kind === "ip";

const isAtEndpoint = (walk: Walk): walk is EndpointWalk =>
  walk.endpoint !== undefined && walk.network !== undefined;
