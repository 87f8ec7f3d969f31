/** Watches for a probe that another host sends: the far half of a live trace. */
import { ip } from "../../addr/ip.ts";
import { concludeLive } from "../../model/live/conclude.ts";
import type { LiveEvent } from "../../model/live/event.ts";
import type { AwaitRequest, LiveHeader, LiveSeen } from "../../model/live/live.ts";
import type { Machine } from "../machine.ts";
import { follow, gatewaysOf, now, poll } from "./follow.ts";
import { type Keep, openAwaiting, type Watching } from "./lookouts.ts";
import { look } from "./watch.ts";

/** Rules tell of a packet before the socket shows it. */
const togetherMs = 50;
/** Where one goes that did not come. */
const nowhere = ip("0.0.0.0");

/** Nothing is left behind, as in probe.ts. @throws {CniError} 11 while another probe runs, 110 */
export async function awaitLive(machine: Machine, request: AwaitRequest): Promise<LiveSeen> {
  const { tag } = request;
  using open = new DisposableStack();
  const keep: Keep = (one) => open.adopt(one, () => one.close());
  const watching = openAwaiting(machine, request, tag, keep);
  const gateways = gatewaysOf(machine);
  const { blind } = watching;
  request.ready?.();
  const first = await begin(watching, request);
  if (first === undefined)
    return concludeLive([], { request, sent: { destination: nowhere }, gateways, blind });
  const { events, header, sentMs } = first;
  const context = { request, sent: header, gateways, blind };
  const all = await follow(events, { watching, identification: tag, sentMs, context });
  return {
    seen: header,
    ...concludeLive(
      all.filter((event) => isOfProbe(event, header)),
      context,
    ),
  };
}

interface Begun {
  /** With times since the first sign. */
  readonly events: readonly LiveEvent[];
  readonly header: LiveHeader;
  readonly sentMs: number;
}

/** @returns undefined when it did not come */
async function begin(
  { lookouts, tracing }: Watching,
  { tag, waitMs, stopped = () => false }: AwaitRequest,
): Promise<Begun | undefined> {
  const startMs = now();
  let before: readonly LiveEvent[] = [];
  let beforeMs = startMs;
  while (now() - startMs < waitMs && !stopped()) {
    const fresh = look(lookouts, tracing, tag, startMs);
    // Another packet that has the same number by chance.
    if (now() - beforeMs > togetherMs) before = [];
    if (fresh.length > 0) beforeMs = now();
    before = [...before, ...fresh];
    const sign = before.find((event) => event.kind === "frame" && event.header.tunnel !== undefined);
    if (sign?.kind === "frame") {
      const { tunnel: _, ...header } = sign.header;
      const since = ({ ms, ...event }: LiveEvent) => ({ ...event, ms: ms - sign.ms }) as LiveEvent;
      return { events: before.map(since), header, sentMs: startMs + sign.ms };
    }
    await poll();
  }
  return undefined;
}

/** Where it goes may be translated here. */
const isOfProbe = (event: LiveEvent, { source }: LiveHeader): boolean =>
  event.kind !== "frame" || event.header.source === source;
