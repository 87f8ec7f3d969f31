/** The DHCPv4 client behind what both families have in common. */
import type { Mac } from "../../addr/mac.ts";
import type { Lease4 } from "../lease.ts";
import type { Session } from "../session.ts";
import { resume4, type Start4, start4, step4 } from "./client.ts";
import { datagramOf, eventOf } from "./datagram.ts";
import type { Client4, Event4, State4, Step4 } from "./state.ts";

export function session4(client: Client4, nowMs: number, start: Start4 = {}): Session<Lease4> {
  return sessionOf(client, client.mac, start4(client, nowMs, start));
}

/** For a lease that was kept. */
export function resumedSession4(client: Client4, lease: Lease4, nowMs: number): Session<Lease4> {
  return sessionOf(client, client.mac, step4(client, resume4(lease), { kind: "time" }, nowMs));
}

function sessionOf(client: Client4, mac: Mac, { state, sends, nextMs, outcome }: Step4): Session<Lease4> {
  const offered = offerOf(state);
  return {
    sends: sends.map((one) => datagramOf(one, mac)),
    nextMs,
    ...(outcome && { outcome }),
    ...(offered !== undefined && { offered }),
    step: (event, nowMs) => sessionOf(client, mac, step4(client, state, event4(event), nowMs)),
  };
}

/** What is no message of DHCP is as good as nothing. */
function event4(event: Parameters<Session<Lease4>["step"]>[0]): Event4 {
  return typeof event === "string" ? { kind: event } : (eventOf(event) ?? { kind: "time" });
}

function offerOf(state: State4): string | undefined {
  return state.kind === "requesting" ? `${state.server} offered ${state.address}` : undefined;
}
