/** Sends a marked packet from inside a compartment and watches where it comes: the live half of a trace. */
import type { Ip } from "../../addr/ip.ts";
import { concludeLive, isSettled, type LiveContext, ownSigns } from "../../model/live/conclude.ts";
import type { LiveEvent } from "../../model/live/event.ts";
import type { LiveRequest, LiveResult } from "../../model/live/live.ts";
import { unanswered } from "../../model/live/vanished.ts";
import { decodeRoute } from "../../netlink/route/decode-route.ts";
import { dumpRoutes } from "../../netlink/route/route.ts";
import type { Machine } from "../machine.ts";
import { type Keep, openLookouts, type Watching } from "./lookouts.ts";
import { type ProbePacket, probePacket } from "./probe-packet.ts";
import { look } from "./watch.ts";

/** A packet takes microseconds; only a queue that limits a port holds it longer. */
const DEFAULT_QUIET_MS = 500;
/** The kernel asks for a neighbour once a second: two questions without an answer are enough. */
const UNANSWERED_MS = 1500;
/** What comes behind the deciding sign: the same packet at the next interface. */
const SETTLED_MS = 30;
const POLL_MS = 2;

/**
 * Nothing is left behind, whatever happens: the tables go at the end, with their socket, or at the next probe.
 *
 * @throws {CniError} 2 for a packet that cannot be sent so, 11 while another probe runs, 100, 110
 */
export async function probeLive(machine: Machine, request: LiveRequest): Promise<LiveResult> {
  const packet = probePacket(request);
  using open = new DisposableStack();
  const keep: Keep = (one) => open.adopt(one, () => one.close());
  const watching = openLookouts(machine, request, packet, keep);
  const context = { request, sent: packet.sent, gateways: gatewaysOf(machine), blind: watching.blind };
  return concludeLive(await sendAndWatch(watching, packet, context), context);
}

/** Routers that the host may ask for. */
function gatewaysOf({ host }: Machine): readonly Ip[] {
  const routes = host.request(dumpRoutes()).map(decodeRoute);
  return routes.flatMap(({ nexthops }) => nexthops.flatMap(({ gateway }) => gateway ?? []));
}

const now = (): number => performance.timeOrigin + performance.now();

async function sendAndWatch(
  { sender, lookouts, tracing }: Watching,
  { sent, identification, bytes }: ProbePacket,
  context: LiveContext,
): Promise<readonly LiveEvent[]> {
  const events: LiveEvent[] = [];
  // The first look takes some milliseconds, and finds nothing.
  look(lookouts, tracing, identification, now());
  const sentMs = now();
  const failure = sender.send(sent.destination, bytes);
  if (failure) events.push({ kind: "unsent", ms: 0, errno: failure.errnoName });
  let lastMs = sentMs;
  for (;;) {
    const fresh = look(lookouts, tracing, identification, sentMs);
    events.push(...fresh);
    if (ownSigns(fresh, context).length > 0) lastMs = now();
    const signs = ownSigns(events, context);
    const open = unanswered(signs);
    const asking = open !== undefined && now() - sentMs - open.ms <= UNANSWERED_MS;
    if (!asking && now() - lastMs > patience(signs, context.request, open !== undefined)) return events;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** How long the next sign may take. */
function patience(events: readonly LiveEvent[], request: LiveRequest, gaveUp: boolean): number {
  return gaveUp || isSettled(events, request) ? SETTLED_MS : (request.quietMs ?? DEFAULT_QUIET_MS);
}
