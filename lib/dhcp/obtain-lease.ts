/** Getting a lease and giving it back, synchronously, as ADD and DEL need it. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import { prefixAddress } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { Lease4 } from "./lease.ts";
import type { DhcpSocket } from "./socket.ts";
import { release } from "./v4/ask.ts";
import { start4, step4 } from "./v4/client.ts";
import { datagramOf, eventOf } from "./v4/datagram.ts";
import type { Client4, Outcome4, Outgoing4, Step4 } from "./v4/state.ts";

export interface LeaseRequest {
  /** Of the vNIC. */
  readonly mac: Mac;
  /** `clientId` of the owner's key. */
  readonly clientId: Uint8Array;
  /** Name of the link, for errors. */
  readonly link: string;
  /** Told to the server, which may enter it in its DNS (option 12). */
  readonly hostname?: string;
  /** An address to ask for; the server may give another one. */
  readonly requested?: Ip;
  /** An address that it had until now: it is asked for at once, without looking for a server first. */
  readonly known?: Ip;
  /** How long all of it may take; {@link defaultTimeoutMs} when absent. */
  readonly timeoutMs?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Whether somebody on the link has the address already: it is then declined and another one asked for. */
  readonly isTaken?: (address: Ip) => boolean;
}

/** Of one request for a lease. */
export const defaultTimeoutMs = 10_000;

/**
 * Asks for a lease until it has one.
 *
 * @throws {CniError} 11 `dhcp-timeout`, saying how often was asked, on which link, and who answered what
 */
export function obtainLease(socket: DhcpSocket, request: LeaseRequest): Lease4 {
  const { mac, timeoutMs = defaultTimeoutMs, now, isTaken } = request;
  const client: Client4 = request;
  const untilMs = now() + timeoutMs;
  const told: string[] = [];
  let asked = 0;
  const send = (sends: readonly Outgoing4[]): void => {
    for (const one of sends) socket.send(datagramOf(one, mac));
    asked += sends.length;
  };
  let step: Step4 = start4(client, now(), request);
  for (;;) {
    send(step.sends);
    const { outcome } = step;
    if (outcome?.kind === "bound") {
      if (isTaken?.(prefixAddress(outcome.lease.address)) !== true) return outcome.lease;
      told.push(`${outcome.lease.server} lent ${outcome.lease.address}, which somebody has already`);
      step = step4(client, step.state, { kind: "taken" }, now());
      continue;
    }
    if (outcome !== undefined) told.push(sayOutcome(outcome));
    const startMs = now();
    if (startMs >= untilMs) throw timeout(request, timeoutMs, asked, told, step);
    const waitMs = Math.max(0, Math.min(step.nextMs, untilMs) - startMs);
    const datagram = socket.receive(waitMs);
    const event = datagram && eventOf(datagram);
    step = step4(client, step.state, event ?? { kind: "time" }, now());
  }
}

/**
 * Tells the server that the address is free again. Nobody answers to that, so nothing is waited for.
 *
 * @param socket in the compartment, or on the host's uplink when the compartment is gone
 */
export function releaseLease(
  socket: DhcpSocket,
  lease: Lease4,
  client: Pick<LeaseRequest, "mac" | "clientId" | "random">,
): void {
  socket.send(datagramOf(release(client, lease), client.mac));
}

function sayOutcome(outcome: Outcome4): string {
  if (outcome.kind !== "refused") return outcome.kind;
  const { server = "a server", text } = outcome;
  return `${server} refused${text === undefined ? "" : `: ${text}`}`;
}

function timeout(
  { link, mac }: LeaseRequest,
  timeoutMs: number,
  asked: number,
  told: readonly string[],
  { state }: Step4,
): CniError {
  const offered =
    state.kind === "requesting" ? [`${state.server} offered ${state.address}, then fell silent`] : [];
  const said = [...new Set([...told, ...offered])];
  const answer = said.length === 0 ? "no server answered" : said.join("; ");
  return new CniError(
    errorCode.tryAgainLater,
    `get an address by DHCP on ${link} (${mac}): no lease in ${timeoutMs / 1000} s, asked ${asked} times, ${answer}`,
    {
      reason: "dhcp-timeout",
      details:
        "is there a DHCP server on the uplink's network with addresses left, and do the switches on the way let a further MAC pass?",
    },
  );
}
