/** Watches on until nothing that matters can come any more. */
import type { Ip } from "../../addr/ip.ts";
import { isSettled, type LiveContext, ownSigns } from "../../model/live/conclude.ts";
import type { LiveEvent } from "../../model/live/event.ts";
import { unanswered } from "../../model/live/vanished.ts";
import { decodeRoute } from "../../netlink/route/decode-route.ts";
import { dumpRoutes } from "../../netlink/route/route.ts";
import type { Machine } from "../machine.ts";
import type { Watching } from "./lookouts.ts";
import { look } from "./watch.ts";

/** A packet takes microseconds; only a queue that limits a port holds it longer. */
const DEFAULT_QUIET_MS = 500;
/** The kernel asks for a neighbour once a second: two questions without an answer are enough. */
const UNANSWERED_MS = 1500;
/** What comes behind the deciding sign: the same packet at the next interface. */
const SETTLED_MS = 30;
const POLL_MS = 2;

export interface Following {
  readonly watching: Watching;
  readonly identification: number;
  /** When the probe was sent, or was first seen: since 1970. */
  readonly sentMs: number;
  readonly context: LiveContext;
  /** Longest time to wait for the next sign of it. */
  readonly quietMs?: number | undefined;
}

/** Since 1970, in parts of milliseconds. */
export const now = (): number => performance.timeOrigin + performance.now();

export const poll = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS));

/** @param events that came before */
export async function follow(
  events: readonly LiveEvent[],
  { watching, identification, sentMs, context, quietMs = DEFAULT_QUIET_MS }: Following,
): Promise<readonly LiveEvent[]> {
  const { lookouts, tracing } = watching;
  const all = [...events];
  let lastMs = now();
  for (;;) {
    const fresh = look(lookouts, tracing, identification, sentMs);
    all.push(...fresh);
    if (ownSigns(fresh, context).length > 0) lastMs = now();
    const signs = ownSigns(all, context);
    const open = unanswered(signs);
    const asking = open !== undefined && now() - sentMs - open.ms <= UNANSWERED_MS;
    const ends = open !== undefined || isSettled(signs, context.request);
    if (!asking && now() - lastMs > (ends ? SETTLED_MS : quietMs)) return all;
    await poll();
  }
}

/** Routers that the host may ask for. */
export function gatewaysOf({ host }: Machine): readonly Ip[] {
  const routes = host.request(dumpRoutes()).map(decodeRoute);
  return routes.flatMap(({ nexthops }) => nexthops.flatMap(({ gateway }) => gateway ?? []));
}
