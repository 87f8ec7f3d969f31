/** Sends a marked packet from inside a compartment and watches where it comes: the live half of a trace. */
import { concludeLive, type LiveContext } from "../../model/live/conclude.ts";
import type { LiveEvent } from "../../model/live/event.ts";
import type { LiveRequest, LiveResult } from "../../model/live/live.ts";
import type { Machine } from "../machine.ts";
import { follow, gatewaysOf, now } from "./follow.ts";
import { type Keep, openLookouts } from "./lookouts.ts";
import { probePacket } from "./probe-packet.ts";
import { look } from "./watch.ts";

/**
 * Nothing is left behind, whatever happens: the tables go at the end, with their socket, or at the next probe.
 *
 * @throws {CniError} 2 for a packet that cannot be sent so, 11 while another probe runs, 100, 110
 */
export async function probeLive(machine: Machine, request: LiveRequest): Promise<LiveResult> {
  const packet = probePacket(request);
  const { sent, identification } = packet;
  using open = new DisposableStack();
  const keep: Keep = (one) => open.adopt(one, () => one.close());
  const { sender, ...watching } = openLookouts(machine, request, packet, keep);
  const { lookouts, tracing, blind } = watching;
  const context: LiveContext = { request, sent, gateways: gatewaysOf(machine), blind };
  // The first look takes some milliseconds, and finds nothing.
  look(lookouts, tracing, identification, now());
  const sentMs = now();
  const failure = sender.send(sent.destination, packet.bytes);
  const events: LiveEvent[] = failure ? [{ kind: "unsent", ms: 0, errno: failure.errnoName }] : [];
  const all = await follow(events, { watching, identification, sentMs, context, quietMs: request.quietMs });
  return { sent, tag: identification, ...concludeLive(all, context) };
}
