/** The DHCPv6 client as a pure function, for one address of one interface (RFC 8415 18.2). */

import type { Ip } from "../../addr/ip.ts";
import type { Mac } from "../../addr/mac.ts";
import { dueMs } from "../due.ts";
import { askedNow, type Exchange, newExchange, renewalWaitMs } from "../exchange.ts";
import type { Outcome } from "../session.ts";
import type { Lease6 } from "./lease.ts";
import { answerOf } from "./lease-of.ts";
import { type Message6, messageType6 } from "./message.ts";
import { type Options6, statusCode, wantedCodes } from "./options.ts";

export interface Client6 {
  readonly mac: Mac;
  /** Of the vNIC: what it sends from. */
  readonly linkLocal: Ip;
  readonly duid: Uint8Array;
  /** 32 bits. */
  readonly iaid: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

type State6 =
  | { readonly kind: "waiting"; readonly untilMs: number }
  | { readonly kind: "soliciting"; readonly exchange: Exchange; readonly requested?: Ip }
  | {
      readonly kind: "requesting";
      readonly exchange: Exchange;
      readonly address: Ip;
      readonly server: Uint8Array;
    }
  | { readonly kind: "bound"; readonly lease: Lease6 }
  | { readonly kind: "renewing"; readonly lease: Lease6; readonly exchange: Exchange }
  | { readonly kind: "rebinding"; readonly lease: Lease6; readonly exchange: Exchange };

export type Event6 = "time" | "taken" | Message6;

export interface Step6 {
  readonly state: State6;
  readonly sends: readonly Message6[];
  readonly nextMs: number;
  readonly outcome?: Outcome<Lease6>;
}

/** After so many requests without a reply it looks for servers again. */
const patientAsks = 3;
/** After a refusal, or an address that somebody has. */
const pauseMs = 1000;

export function start6(client: Client6, nowMs: number, requested?: Ip): Step6 {
  return solicit(client, nowMs, requested);
}

export function step6(client: Client6, state: State6, event: Event6, nowMs: number): Step6 {
  if (event === "time") return later(client, state, nowMs);
  if (event === "taken") return state.kind === "bound" ? declined(client, state.lease, nowMs) : still(state);
  return react(client, state, event, nowMs);
}

function react(client: Client6, state: State6, message: Message6, nowMs: number): Step6 {
  if (state.kind === "waiting" || state.kind === "bound") return later(client, state, nowMs);
  const { exchange } = state;
  const { type, options } = message;
  const expected = state.kind === "soliciting" ? messageType6.advertise : messageType6.reply;
  const isOurs = message.xid === exchange.xid && type === expected && isSame(options.clientId, client.duid);
  if (!isOurs || options.serverId === undefined) return later(client, state, nowMs);
  if (state.kind === "requesting" && !isSame(options.serverId, state.server))
    return later(client, state, nowMs);
  const answer = answerOf(options, client.iaid, exchange.startedMs);
  if (state.kind === "soliciting") {
    // The first server that has an address will do: a container waits.
    if (answer.kind !== "lease") {
      const next = later(client, state, nowMs);
      return answer.kind === "refusal" ? { ...next, outcome: refused(answer) } : next;
    }
    const { address } = answer.lease;
    const server = options.serverId;
    return ask(client, nowMs, { kind: "requesting", exchange: fresh(client, nowMs), address, server });
  }
  if (answer.kind === "lease") {
    const isNew = state.kind === "requesting";
    return {
      ...still({ kind: "bound", lease: answer.lease }),
      outcome: { kind: isNew ? "bound" : "renewed", lease: answer.lease },
    };
  }
  // Nothing about our address: another server may know more.
  if (answer.kind === "nothing") return later(client, state, nowMs);
  const outcome = refused(answer);
  if (state.kind === "requesting")
    return { ...still({ kind: "waiting", untilMs: nowMs + pauseMs }), outcome };
  // RFC 8415 18.2.10.1: the server may lend the address anew, when it forgot about it.
  const requested = answer.code === statusCode.noBinding ? state.lease.address : undefined;
  return { ...solicit(client, nowMs, requested), outcome };
}

const refused = ({ text }: { readonly text: string }): Outcome<Lease6> => ({
  kind: "refused",
  ...(text !== "" && { text }),
});

function later(client: Client6, state: State6, nowMs: number): Step6 {
  switch (state.kind) {
    case "waiting":
      return nowMs < state.untilMs ? still(state) : solicit(client, nowMs);
    case "bound":
      return nowMs < state.lease.renewMs ? still(state) : keep(client, state.lease, undefined, nowMs);
    case "renewing":
    case "rebinding":
      return keep(client, state.lease, state, nowMs);
    case "requesting":
      if (nowMs >= state.exchange.nextMs && state.exchange.asked >= patientAsks)
        return solicit(client, nowMs);
      return nowMs < state.exchange.nextMs ? still(state) : ask(client, nowMs, state);
    case "soliciting":
      return nowMs < state.exchange.nextMs ? still(state) : ask(client, nowMs, state);
  }
}

type Asking = Exclude<State6, { kind: "waiting" | "bound" }>;

function keep(client: Client6, lease: Lease6, state: State6 | undefined, nowMs: number): Step6 {
  if (nowMs >= lease.expiresMs)
    return { ...solicit(client, nowMs, lease.address), outcome: { kind: "expired", lease } };
  const kind = nowMs >= lease.rebindMs ? "rebinding" : "renewing";
  const exchange = state?.kind === kind ? state.exchange : fresh(client, nowMs);
  const next: Asking = { kind, lease, exchange };
  return nowMs < exchange.nextMs ? still(next) : ask(client, nowMs, next);
}

function ask(client: Client6, nowMs: number, state: Asking): Step6 {
  const exchange = askedNow(state.exchange, nowMs, client.random, waitMs(state, nowMs));
  return { ...still({ ...state, exchange }), sends: [question(client, nowMs, state)] };
}

function waitMs(state: Asking, nowMs: number): number | undefined {
  if (!("lease" in state)) return undefined;
  const { renewMs, rebindMs, expiresMs } = state.lease;
  return state.kind === "renewing"
    ? renewalWaitMs(renewMs, rebindMs, nowMs)
    : renewalWaitMs(rebindMs, expiresMs, nowMs);
}

function question(client: Client6, nowMs: number, state: Asking): Message6 {
  const { xid, startedMs } = state.exchange;
  const elapsed = Math.max(0, Math.floor((nowMs - startedMs) / 10));
  const common = { clientId: client.duid, elapsed, wanted: wantedCodes };
  const about = (address?: Ip): Pick<Options6, "associations"> => associated(client, address);
  switch (state.kind) {
    case "soliciting":
      return { type: messageType6.solicit, xid, options: { ...common, ...about(state.requested) } };
    case "requesting":
      return {
        type: messageType6.request,
        xid,
        options: { ...common, serverId: state.server, ...about(state.address) },
      };
    case "renewing":
    case "rebinding": {
      const { address, server } = state.lease;
      const type = messageType6[state.kind === "renewing" ? "renew" : "rebind"];
      const to = state.kind === "renewing" ? { serverId: bytesOf(server) } : {};
      return { type, xid, options: { ...common, ...to, ...about(address) } };
    }
  }
}

function associated({ iaid }: Pick<Client6, "iaid">, address?: Ip): Pick<Options6, "associations"> {
  const addresses = address === undefined ? [] : [{ address, preferredSeconds: 0, validSeconds: 0 }];
  return { associations: [{ iaid, t1Seconds: 0, t2Seconds: 0, addresses }] };
}

/** RELEASE, or DECLINE of an address that somebody has. The answer is not waited for. */
export function giveUp6(
  client: Pick<Client6, "duid" | "iaid" | "random">,
  { address, server }: Lease6,
  how: "release" | "decline",
): Message6 {
  const options = {
    clientId: client.duid,
    serverId: bytesOf(server),
    elapsed: 0,
    ...associated(client, address),
  };
  return { type: messageType6[how], xid: Math.floor(client.random() * 2 ** 24), options };
}

function declined(client: Client6, lease: Lease6, nowMs: number): Step6 {
  return {
    ...still({ kind: "waiting", untilMs: nowMs + pauseMs }),
    sends: [giveUp6(client, lease, "decline")],
    outcome: { kind: "declined", lease },
  };
}

const fresh = ({ random }: Client6, nowMs: number): Exchange => newExchange(nowMs, random, 24);

function solicit(client: Client6, nowMs: number, requested?: Ip): Step6 {
  const exchange = fresh(client, nowMs);
  return ask(client, nowMs, { kind: "soliciting", exchange, ...(requested && { requested }) });
}

const still = (state: State6): Step6 => ({ state, sends: [], nextMs: dueMs(state) });

const isSame = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);

/** A DUID as leases keep it. */
const bytesOf = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (two) => Number.parseInt(two, 16));
