/** A network with a clock of its own: what a client sends reaches servers, sometimes, after a while. */
import type { Mac } from "../../../../lib/addr/mac.ts";
import { type Start4, start4, step4 } from "../../../../lib/dhcp/v4/client.ts";
import { decodeMessage, encodeMessage, type Message4 } from "../../../../lib/dhcp/v4/message.ts";
import type { Client4, Event4, Outcome4, Outgoing4, State4, Step4 } from "../../../../lib/dhcp/v4/state.ts";
import type { FakeServer } from "./fake-server.ts";

export interface Sent extends Outgoing4 {
  readonly atMs: number;
}

export interface NetworkOptions {
  readonly client: Client4;
  readonly servers: readonly FakeServer[];
  readonly start?: Start4;
  /** Delays in milliseconds of each message, one for each time it arrives. Default: once, after 1 ms. */
  readonly delays?: () => readonly number[];
  /** Whether this server hears this client now. */
  readonly hears?: (server: FakeServer, nowMs: number) => boolean;
}

export interface Network {
  nowMs(): number;
  state(): State4;
  readonly sent: readonly Sent[];
  readonly outcomes: readonly (Outcome4 & { readonly atMs: number })[];
  /** Lets time pass until then, or until an outcome of this kind. */
  run(untilMs: number, kind?: Outcome4["kind"]): Outcome4 | undefined;
  /** Something happens to the client now. */
  event(event: Event4): void;
}

export function network(options: NetworkOptions): Network {
  const { client, servers, delays = () => [1], hears = () => true } = options;
  const sent: Sent[] = [];
  const outcomes: (Outcome4 & { atMs: number })[] = [];
  let nowMs = 1_000_000;
  let queue: { atMs: number; arrive: () => void }[] = [];
  const later = (arrive: () => void) => {
    for (const delay of delays()) queue.push({ atMs: nowMs + delay, arrive });
  };
  const toServers = ({ message, to }: Outgoing4) => {
    for (const server of servers.filter((one) => to === undefined || one.mac === to.mac))
      later(() => {
        const answer = hears(server, nowMs) ? server.answer(overWire(message), nowMs) : undefined;
        if (answer !== undefined) later(() => hear(answer, server.mac));
      });
  };
  const take = (step: Step4) => {
    current = step;
    for (const one of step.sends) {
      sent.push({ ...one, atMs: nowMs });
      toServers(one);
    }
    if (step.outcome !== undefined) outcomes.push({ ...step.outcome, atMs: nowMs });
  };
  const hear = (message: Message4, from: Mac) =>
    take(step4(client, current.state, { kind: "message", message: overWire(message), from }, nowMs));
  let current: Step4 = start4(client, nowMs, options.start);
  take(current);
  return {
    nowMs: () => nowMs,
    state: () => current.state,
    sent,
    outcomes,
    run(untilMs, kind) {
      const before = outcomes.length;
      for (;;) {
        const found = outcomes.slice(before).find((one) => one.kind === kind);
        if (found !== undefined) return found;
        const next = queue.toSorted((a, b) => a.atMs - b.atMs)[0];
        const due = Math.min(next?.atMs ?? Infinity, current.nextMs);
        if (due > untilMs) {
          nowMs = untilMs;
          return undefined;
        }
        nowMs = Math.max(nowMs, due);
        if (next !== undefined && next.atMs <= nowMs) {
          queue = queue.filter((one) => one !== next);
          next.arrive();
        } else take(step4(client, current.state, { kind: "time" }, nowMs));
      }
    },
    event: (event) => take(step4(client, current.state, event, nowMs)),
  };
}

const overWire = (message: Message4): Message4 => decodeMessage(encodeMessage(message));
