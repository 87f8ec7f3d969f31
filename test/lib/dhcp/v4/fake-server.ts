/** A DHCPv4 server of a few lines that keeps to RFC 2131, and remembers until when it lent what. */
import { type Ip, ip } from "../../../../lib/addr/ip.ts";
import { type Mac, mac } from "../../../../lib/addr/mac.ts";
import { type Message4, messageType, noAddress } from "../../../../lib/dhcp/v4/message.ts";

export interface FakeServer {
  readonly id: Ip;
  readonly mac: Mac;
  /** Until when each address is lent, in milliseconds. */
  readonly lentUntilMs: Map<Ip, number>;
  readonly declined: Set<Ip>;
  answer(message: Message4, nowMs: number): Message4 | undefined;
}

export interface FakeServerOptions {
  readonly number: number;
  readonly leaseSeconds: number;
  readonly renewSeconds?: number;
  readonly rebindSeconds?: number;
  /** Says no to requests for addresses that it never lent; else it is silent about them (RFC 2131 4.3.2). */
  readonly authoritative?: boolean;
}

export function fakeServer(options: FakeServerOptions): FakeServer {
  const { number, leaseSeconds, renewSeconds, rebindSeconds } = options;
  const id = ip(`10.0.0.${number}`);
  const lentUntilMs = new Map<Ip, number>();
  const declined = new Set<Ip>();
  const free = (nowMs: number): Ip | undefined =>
    Array.from({ length: 10 }, (_, i) => ip(`10.0.0.${number * 10 + i}`)).find(
      (one) => !declined.has(one) && (lentUntilMs.get(one) ?? 0) <= nowMs,
    );
  const reply = (to: Message4, type: number, yiaddr: Ip): Message4 => ({
    ...to,
    op: "reply",
    yiaddr,
    ciaddr: noAddress,
    options: {
      type,
      server: id,
      ...(type !== messageType.nak && { leaseSeconds, subnetMask: 24, routers: [id] }),
      ...(renewSeconds !== undefined && { renewSeconds }),
      ...(rebindSeconds !== undefined && { rebindSeconds }),
    },
  });
  return {
    id,
    mac: mac(`02:00:00:00:01:${number.toString(16).padStart(2, "0")}`),
    lentUntilMs,
    declined,
    answer(message, nowMs) {
      const { type, server, requested } = message.options;
      if (type === messageType.discover) {
        const wanted = requested !== undefined && !declined.has(requested) && lentUntilMs.has(requested);
        const address = wanted ? requested : free(nowMs);
        return address && reply(message, messageType.offer, address);
      }
      if (server !== undefined && server !== id) return undefined;
      if (type === messageType.decline && requested !== undefined) declined.add(requested);
      if (type === messageType.release) lentUntilMs.delete(message.ciaddr);
      if (type !== messageType.request) return undefined;
      const address = requested ?? message.ciaddr;
      const known = lentUntilMs.has(address) || (server === id && free(nowMs) !== undefined);
      if (!known) return options.authoritative ? reply(message, messageType.nak, noAddress) : undefined;
      lentUntilMs.set(address, nowMs + leaseSeconds * 1000);
      return reply(message, messageType.ack, address);
    },
  };
}
