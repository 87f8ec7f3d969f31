/** Asking again: how often one has asked, and when to do so next. */

export interface Exchange {
  /** Answers bear it: 32 bits for DHCPv4, 24 for DHCPv6. */
  readonly xid: number;
  /** When it was asked first, in milliseconds since 1970. */
  readonly startedMs: number;
  /** Questions so far. */
  readonly asked: number;
  /** When to ask again. */
  readonly nextMs: number;
}

/**
 * RFC 2131 4.1 begins with 4 s; a container starts in less, and on a LAN an answer takes milliseconds. Doubled each
 * time up to the longest wait of that RFC.
 */
const firstWaitMs = 1000;
const longestWaitMs = 64_000;
/** Of each wait, up and down: containers that start together ask apart. */
const jitter = 0.2;

export function newExchange(nowMs: number, random: () => number, bits: 24 | 32): Exchange {
  return { xid: Math.floor(random() * 2 ** bits), startedMs: nowMs, asked: 0, nextMs: nowMs };
}

/** @param waitMs until the next question; absent: doubled each time */
export function askedNow(exchange: Exchange, nowMs: number, random: () => number, waitMs?: number): Exchange {
  const wait = waitMs ?? Math.min(longestWaitMs, firstWaitMs * 2 ** exchange.asked);
  const asked = exchange.asked + 1;
  return { ...exchange, asked, nextMs: nowMs + wait * (1 - jitter + 2 * jitter * random()) };
}

/** Of a lease that is being renewed a wait is half of what is left until `endMs` (RFC 2131 4.4.5). */
export function renewalWaitMs(startMs: number, endMs: number, nowMs: number): number {
  // 60 s at least; of a lease of seconds it would be too late, so a quarter of the time then.
  const least = Math.min(60_000, (endMs - startMs) / 4);
  return Math.max(least, (endMs - nowMs) / 2);
}

/** Whole seconds since it began: relays and servers go by it. */
export const elapsedSeconds = ({ startedMs }: Exchange, nowMs: number): number =>
  Math.max(0, Math.floor((nowMs - startedMs) / 1000));
