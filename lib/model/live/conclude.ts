/** What became of a live probe, concluded from the signs of it that were seen. */

import type { Ip } from "../../addr/ip.ts";
import { prefixAddress } from "../../addr/prefix.ts";
import { formatOwner } from "../owner.ts";
import type { LiveEvent } from "./event.ts";
import type { LiveRequest, LiveResult, LiveVerdict } from "./live.ts";
import { describeEvent, isOurInterface, placeOf } from "./place.ts";
import { ruleStage } from "./rule-stage.ts";
import { whyVanished } from "./vanished.ts";

/** What the signs are read with. */
export interface LiveContext {
  readonly request: LiveRequest;
  readonly sent: LiveResult["sent"];
  /** Whom the host may ask for on its way: the gateways of its routes. */
  readonly gateways: readonly Ip[];
  /** What could not be watched, in sentences. */
  readonly blind: readonly string[];
}

/** @param events in the order in which they came to be known */
export function concludeLive(events: readonly LiveEvent[], context: LiveContext): LiveResult {
  const { request, sent, blind } = context;
  const ordered = ownSigns(events, context)
    .map((event, i) => ({ event, rank: placeOf(event, request).rank, i }))
    .sort((a, b) => a.rank - b.rank || a.i - b.i)
    .map(({ event }) => event);
  const stages = ordered.flatMap((event) => describeEvent(event, request));
  const seen = ordered.filter(({ kind }) => kind !== "neighbour" && kind !== "error");
  const last = seen.at(-1);
  const after = last === undefined ? "nowhere" : placeOf(last, request).place;
  const verdict = decided(ordered, request) ?? { kind: "vanished", after, ...whyVanished(ordered, context) };
  return { sent, stages, last: after, verdict, blind };
}

/** Whether nothing that matters can come any more. */
export function isSettled(events: readonly LiveEvent[], request: LiveRequest): boolean {
  return events.some(({ kind }) => kind === "unsent") || decided(events, request) !== undefined;
}

/** Those that are about the probe. */
export function ownSigns(events: readonly LiveEvent[], context: LiveContext): readonly LiveEvent[] {
  return events.filter((event) => isOurs(event, context));
}

/** Questions of others for other neighbours are no sign of the probe. */
function isOurs(event: LiveEvent, { request, sent, gateways }: LiveContext): boolean {
  if (event.kind !== "neighbour") return true;
  const own = request.from.vnic.routes.flatMap(({ gateway }) => gateway ?? []);
  const receivers = request.receivers.flatMap(({ vnic }) => vnic.addresses.map(prefixAddress));
  const hops = event.space.kind === "sender" ? own : [...gateways, ...receivers];
  return event.target === sent.destination || hops.includes(event.target);
}

function decided(events: readonly LiveEvent[], request: LiveRequest): LiveVerdict | undefined {
  return dropped(events) ?? arrived(events, request) ?? left(events, request);
}

function dropped(events: readonly LiveEvent[]): LiveVerdict | undefined {
  for (const event of events) {
    if (event.kind !== "rule" || event.verdict !== "drop") continue;
    const { table, chain, rule } = event;
    const stage = ruleStage(event);
    return { kind: "dropped", table, chain, ...(stage && { stage }), ...(rule !== undefined && { rule }) };
  }
  return undefined;
}

function arrived(events: readonly LiveEvent[], { receivers, endpoints, from }: LiveRequest) {
  let port: LiveVerdict | undefined;
  for (const event of events) {
    if (event.kind === "hook" && event.layer === "host" && event.hook === "input" && event.edge === "last") {
      return { kind: "arrived at the host" } as const;
    }
    if (event.kind !== "frame") continue;
    const { space, header } = event;
    if (space.kind === "receiver" && event.direction === "in") {
      const plan = receivers.find(({ key, vnic }) => key === space.key && vnic.name === event.interface);
      if (plan === undefined) continue;
      return { kind: "arrived", endpoint: formatOwner(plan.owner), place: "vnic", header } as const;
    }
    if (space.kind !== "host" || event.direction !== "out") continue;
    const plan = endpoints.find((one) => one.port.name === event.interface);
    // Inside the compartment more can be said, where somebody watches.
    if (plan === undefined || receivers.some(({ key }) => key === plan.key) || plan.key === from.key)
      continue;
    port ??= { kind: "arrived", endpoint: formatOwner(plan.owner), place: "port", header };
  }
  return port;
}

/** The last interface counts where several are stacked: a bond, then its member. */
function left(events: readonly LiveEvent[], request: LiveRequest): LiveVerdict | undefined {
  let found: LiveVerdict | undefined;
  for (const event of events) {
    if (event.kind !== "frame" || event.space.kind !== "host" || event.direction !== "out") continue;
    if (isOurInterface(event.interface, request)) continue;
    found = { kind: "left", interface: event.interface, header: event.header };
  }
  return found;
}
