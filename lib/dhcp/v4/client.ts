/**
 * The DHCPv4 client as a pure function: a state and what happens give the next state and what to send (RFC 2131 4.4).
 *
 * It knows of no clock and no network, so a test can lose, repeat and delay whatever it likes.
 */

import type { Ip } from "../../addr/ip.ts";
import { prefixAddress } from "../../addr/prefix.ts";
import { dueMs } from "../due.ts";
import { askedNow, type Exchange, newExchange, renewalWaitMs } from "../exchange.ts";
import type { Lease4 } from "../lease.ts";
import { decline, discover, renew, request } from "./ask.ts";
import { hear } from "./hear.ts";
import type { Client4, Event4, Outcome4, Outgoing4, State4, Step4 } from "./state.ts";

/** After so many questions about one address without an answer it begins anew: another server may be there. */
const patientAsks = 2;
/** RFC 2131 3.1.5 asks for 10 s against loops; the first time a container that starts may do better. */
const declineWaitMs = { first: 1000, later: 10_000 } as const;

export interface Start4 {
  /** An address to ask for; the server may give another one. */
  readonly requested?: Ip;
  /** An address that it had: it asks for that at once, without looking for servers (INIT-REBOOT). */
  readonly known?: Ip;
}

export function start4(client: Client4, nowMs: number, { requested, known }: Start4 = {}): Step4 {
  return known === undefined
    ? select(client, nowMs, 0, requested)
    : ask(client, nowMs, { kind: "rebooting", exchange: fresh(client, nowMs), address: known });
}

/** A lease that was kept: goes on wherever its times say. */
export const resume4 = (lease: Lease4): State4 => ({ kind: "bound", lease, declined: 0 });

export function step4(client: Client4, state: State4, event: Event4, nowMs: number): Step4 {
  switch (event.kind) {
    case "message":
      return react(client, state, event, nowMs);
    case "taken":
      return state.kind === "bound" ? declined(client, state, nowMs) : still(state);
    case "time":
      return later(client, state, nowMs);
  }
}

function react(
  client: Client4,
  state: State4,
  { message, from }: Extract<Event4, { kind: "message" }>,
  nowMs: number,
): Step4 {
  const heard = hear(client, state, message, from);
  switch (heard.kind) {
    case "nothing":
      // Where others' answers keep coming, time goes on all the same.
      return later(client, state, nowMs);
    case "offer": {
      const { exchange, declined } = heard.state;
      const { startedMs: beganMs } = exchange;
      const asking = { ...exchange, startedMs: nowMs, asked: 0 };
      return ask(client, nowMs, { kind: "requesting", ...heard.offer, beganMs, exchange: asking, declined });
    }
    case "lease": {
      const outcome: Outcome4 = { kind: heard.isNew ? "bound" : "renewed", lease: heard.lease };
      const declined = state.kind === "requesting" ? state.declined : 0;
      return { ...still({ kind: "bound", lease: heard.lease, declined }), outcome };
    }
    case "refusal": {
      const { server, message: text } = message.options;
      const outcome: Outcome4 = { kind: "refused", ...(server && { server }), ...(text && { text }) };
      // A server that offers and refuses, again and again, is not asked without a pause.
      const next =
        state.kind === "requesting"
          ? still({ kind: "waiting", untilMs: nowMs + 1000, declined: state.declined })
          : select(client, nowMs, 0);
      return { ...next, outcome };
    }
  }
}

function later(client: Client4, state: State4, nowMs: number): Step4 {
  switch (state.kind) {
    case "waiting":
      return nowMs < state.untilMs ? still(state) : select(client, nowMs, state.declined);
    case "bound":
      return nowMs < state.lease.renewMs ? still(state) : keep(client, state.lease, undefined, nowMs);
    case "renewing":
    case "rebinding":
      return keep(client, state.lease, state, nowMs);
    case "requesting":
    case "rebooting": {
      if (nowMs < state.exchange.nextMs) return still(state);
      if (state.exchange.asked < patientAsks) return ask(client, nowMs, state);
      const wish = state.kind === "rebooting" ? state.address : undefined;
      return select(client, nowMs, state.kind === "requesting" ? state.declined : 0, wish);
    }
    case "selecting":
      return nowMs < state.exchange.nextMs ? still(state) : ask(client, nowMs, state);
  }
}

/** Of a lease whose T1 is over. */
function keep(
  client: Client4,
  lease: Lease4,
  state: Extract<State4, { kind: "renewing" | "rebinding" }> | undefined,
  nowMs: number,
): Step4 {
  if (nowMs >= lease.expiresMs) {
    // Nobody else may have it yet.
    const wish = prefixAddress(lease.address);
    return { ...select(client, nowMs, 0, wish), outcome: { kind: "expired", lease } };
  }
  const kind = nowMs >= lease.rebindMs ? "rebinding" : "renewing";
  const exchange = state?.kind === kind ? state.exchange : fresh(client, nowMs);
  const next: Asking = { kind, lease, exchange };
  return nowMs < exchange.nextMs ? still(next) : ask(client, nowMs, next);
}

type Asking = Exclude<State4, { kind: "waiting" | "bound" }>;

function ask(client: Client4, nowMs: number, state: Asking): Step4 {
  const { exchange } = state;
  const state2: State4 = {
    ...state,
    exchange: askedNow(exchange, nowMs, client.random, waitMs(state, nowMs)),
  };
  return { ...still(state2), sends: [question(client, nowMs, state)] };
}

function question(client: Client4, nowMs: number, state: Asking): Outgoing4 {
  const { exchange } = state;
  switch (state.kind) {
    case "selecting":
      return discover(client, exchange, nowMs, state.requested);
    case "requesting":
      // Table 5: the seconds are those of the question that was offered an answer.
      return request(client, { ...exchange, startedMs: state.beganMs }, nowMs, state.address, state.server);
    case "rebooting":
      return request(client, exchange, nowMs, state.address);
    case "renewing":
      return renew(client, exchange, nowMs, state.lease, "server");
    case "rebinding":
      return renew(client, exchange, nowMs, state.lease, "all");
  }
}

function waitMs(state: Asking, nowMs: number): number | undefined {
  if (state.kind === "renewing") return renewalWaitMs(state.lease.renewMs, state.lease.rebindMs, nowMs);
  if (state.kind === "rebinding") return renewalWaitMs(state.lease.rebindMs, state.lease.expiresMs, nowMs);
  return undefined;
}

const fresh = ({ random }: Client4, nowMs: number): Exchange => newExchange(nowMs, random, 32);

function select(client: Client4, nowMs: number, declined: number, requested?: Ip): Step4 {
  const exchange = fresh(client, nowMs);
  return ask(client, nowMs, { kind: "selecting", exchange, declined, ...(requested && { requested }) });
}

function declined(client: Client4, state: Extract<State4, { kind: "bound" }>, nowMs: number): Step4 {
  const { lease } = state;
  const untilMs = nowMs + (state.declined === 0 ? declineWaitMs.first : declineWaitMs.later);
  return {
    ...still({ kind: "waiting", untilMs, declined: state.declined + 1 }),
    sends: [decline(client, lease)],
    outcome: { kind: "declined", lease },
  };
}

const still = (state: State4): Step4 => ({ state, sends: [], nextMs: dueMs(state) });
