/** The DHCPv6 client behind what both families have in common. */
import type { Ip } from "../../addr/ip.ts";
import type { Session } from "../session.ts";
import type { Datagram } from "../socket.ts";
import { type Client6, type Event6, type Step6, start6, step6 } from "./client.ts";
import type { Lease6 } from "./lease.ts";
import { datagramOf6, decodeMessage6 } from "./message.ts";

export function session6(client: Client6, nowMs: number, requested?: Ip): Session<Lease6> {
  return sessionOf(client, start6(client, nowMs, requested));
}

/** For a lease that was kept. */
export function resumedSession6(client: Client6, lease: Lease6, nowMs: number): Session<Lease6> {
  return sessionOf(client, step6(client, { kind: "bound", lease }, "time", nowMs));
}

function sessionOf(client: Client6, { state, sends, nextMs, outcome }: Step6): Session<Lease6> {
  return {
    sends: sends.map((one) => datagramOf6(one, client.mac, client.linkLocal)),
    nextMs,
    ...(outcome && { outcome }),
    ...(state.kind === "requesting" && { offered: `a server offered ${state.address}` }),
    step: (event, nowMs) => sessionOf(client, step6(client, state, event6(event), nowMs)),
  };
}

/** What is no message of DHCP is as good as nothing. */
function event6(event: Datagram | "time" | "taken"): Event6 {
  if (typeof event === "string") return event;
  try {
    return decodeMessage6(event.payload);
  } catch (error) {
    if (error instanceof RangeError) return "time";
    throw error;
  }
}
