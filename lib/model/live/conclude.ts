/** What became of a live probe, concluded from the signs of it that were seen. */
import type { Ip } from "../../addr/ip.ts";
import { prefixAddress } from "../../addr/prefix.ts";
import { formatOwner } from "../owner.ts";
import type { Plan } from "../plan.ts";
import type { LiveEvent, LiveSpace } from "./event.ts";
import type { LiveHeader, LiveScope, LiveSeen, LiveStage, LiveVerdict } from "./live.ts";
import { describeEvent, isOurInterface, placeOf } from "./place.ts";
import { ruleStage } from "./rule-stage.ts";
import { whyVanished } from "./vanished.ts";

/** What the signs are read with. */
export interface LiveContext {
  readonly request: LiveScope;
  /** As it was sent. */
  readonly sent: Pick<LiveHeader, "destination">;
  /** Whom the host may ask for on its way: the gateways of its routes. */
  readonly gateways: readonly Ip[];
  /** What could not be watched, in sentences. */
  readonly blind: readonly string[];
}

/** @param events in the order in which they came to be known */
export function concludeLive(events: readonly LiveEvent[], context: LiveContext): LiveSeen {
  const { request, blind } = context;
  const signs = ownSigns(events, context)
    .map((event, i) => ({ event, rank: placeOf(event, request).rank, i }))
    .sort((a, b) => a.rank - b.rank || a.i - b.i)
    .map(({ event }) => event);
  const ordered = withoutEchoes(timed(signs), request);
  const stages = distinct(towardsTunnel(ordered, request));
  const last = ordered.findLast(({ kind }) => kind !== "neighbour" && kind !== "error");
  const after = last === undefined ? "nowhere" : placeOf(last, request).place;
  const verdict = decided(ordered, request) ?? { kind: "vanished", after, ...whyVanished(ordered, request) };
  return { stages, last: after, verdict, blind };
}

/** Rules tell no time: theirs is that of the frame before, microseconds ago. */
function timed(events: readonly LiveEvent[]): readonly LiveEvent[] {
  let ms: number | undefined;
  return events.map((event) => {
    if (event.kind === "frame") ms = event.ms;
    return event.kind === "hook" || event.kind === "rule" ? { ...event, ms: ms ?? event.ms } : event;
  });
}

/** What only passes the switch is shown to the host's hooks too (br_netfilter), and does not come to the host for that. */
function withoutEchoes(events: readonly LiveEvent[], request: LiveScope): readonly LiveEvent[] {
  const steps = events.map((event) => placeOf(event, request).step);
  const onSwitch = steps.some((step) => step.startsWith("bridge prerouting"));
  const toHost = steps.some((step) => step.startsWith("bridge input") || step === "switch in");
  if (!onSwitch || toHost) return events;
  return events.filter((event) => event.kind !== "hook" || event.layer !== "host");
}

/** What a switch gives to a tunnel leaves by its last hook, too, and meets no ACL of a port there. */
function towardsTunnel(events: readonly LiveEvent[], request: LiveScope): readonly LiveStage[] {
  const tunnelled = events.some((event) => placeOf(event, request).step === "tunnel out");
  return events.flatMap((event) => {
    const isLast = tunnelled && placeOf(event, request).step === "bridge postrouting last";
    const stage = "switch.foreign.postrouting" as const;
    return describeEvent(event, request).map((one) => (isLast ? { ...one, stage } : one));
  });
}

/** A question is asked again and again. */
function distinct(stages: readonly LiveStage[]): readonly LiveStage[] {
  const key = ({ place, what }: LiveStage): string => `${place}: ${what}`;
  return stages.filter((stage, i) => stages.findIndex((other) => key(other) === key(stage)) === i);
}

/** Whether nothing that matters can come any more. */
export function isSettled(events: readonly LiveEvent[], request: LiveScope): boolean {
  return events.some(({ kind }) => kind === "unsent") || decided(events, request) !== undefined;
}

/** Those that are about the probe: who asks for other neighbours has other packets in mind. */
export function ownSigns(
  events: readonly LiveEvent[],
  { request, sent, gateways }: LiveContext,
): readonly LiveEvent[] {
  const { from, receivers, tunnels = [] } = request;
  const own = from?.vnic.addresses.map(prefixAddress) ?? [];
  const hops = {
    sender: from?.vnic.routes.flatMap(({ gateway }) => gateway ?? []) ?? [],
    host: [
      ...gateways,
      ...tunnels.flatMap(({ vteps }) => vteps),
      ...receivers.flatMap(({ vnic }) => vnic.addresses.map(prefixAddress)),
    ],
  };
  return events.filter((event) => {
    if (event.kind !== "neighbour") return true;
    const { space, asker, target } = event;
    // What the sender asks is heard all over the switch, and so is what the host asks.
    if (space.kind === "receiver" || own.includes(asker) !== (space.kind === "sender")) return false;
    if (request.endpoints.some(({ port }) => port.name === event.interface)) return false;
    return target === sent.destination || hops[space.kind].includes(target);
  });
}

function decided(events: readonly LiveEvent[], request: LiveScope): LiveVerdict | undefined {
  return dropped(events) ?? arrived(events, request) ?? given(events, request) ?? left(events, request);
}

function dropped(events: readonly LiveEvent[]): LiveVerdict | undefined {
  for (const event of events) {
    if (event.kind !== "rule" || event.verdict !== "drop") continue;
    const { table, chain, rule } = event;
    return { kind: "dropped", stage: ruleStage(event), table, chain, ...(rule !== undefined && { rule }) };
  }
  return undefined;
}

function arrived(events: readonly LiveEvent[], request: LiveScope): LiveVerdict | undefined {
  for (const event of events) {
    if (event.kind === "hook" && event.layer === "host" && event.hook === "input" && event.edge === "last") {
      return { kind: "arrived at the host" };
    }
    if (event.kind !== "frame" || event.direction !== "in") continue;
    const plan = planAt(event.space, request);
    if (plan === undefined) continue;
    return { kind: "arrived", endpoint: formatOwner(plan.owner), place: "vnic", header: event.header };
  }
  return undefined;
}

function planAt(space: LiveSpace, { from, receivers }: LiveScope): Plan | undefined {
  if (space.kind === "host") return undefined;
  return space.kind === "sender" ? from : receivers.find(({ key }) => key === space.key);
}

/** To a port: inside the compartment more can be said, where somebody watches. */
function given(events: readonly LiveEvent[], request: LiveScope): LiveVerdict | undefined {
  const watched = [request.from, ...request.receivers].map((plan) => plan?.key);
  for (const event of sentByHost(events)) {
    const plan = request.endpoints.find(({ port }) => port.name === event.interface);
    if (plan === undefined || watched.includes(plan.key)) continue;
    return { kind: "arrived", endpoint: formatOwner(plan.owner), place: "port", header: event.header };
  }
  return undefined;
}

/** The last interface counts where several are stacked: a bond, then its member. */
function left(events: readonly LiveEvent[], request: LiveScope): LiveVerdict | undefined {
  const out = sentByHost(events).findLast((event) => !isOurInterface(event.interface, request));
  return out && { kind: "left", interface: out.interface, header: out.header };
}

function sentByHost(events: readonly LiveEvent[]): readonly Extract<LiveEvent, { kind: "frame" }>[] {
  return events
    .filter((event) => event.kind === "frame")
    .filter(({ space, direction }) => space.kind === "host" && direction === "out");
}
