/** All sockets that watch for a live probe, and what they see as signs of it. */
import type { LiveEvent, LiveSpace } from "../../model/live/event.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { decodeLink } from "../../netlink/route/decode-link.ts";
import { dumpLinks } from "../../netlink/route/link.ts";
import { decodePacket } from "./decode-packet.ts";
import type { TraceReader } from "./trace-events.ts";
import type { TraceSocket } from "./trace-socket.ts";
import type { WatchedPacket, WatchSocket } from "./watch-socket.ts";

/** Names of interfaces by index. */
export type Names = ReadonlyMap<number, string>;

export interface Lookout {
  readonly space: LiveSpace;
  readonly names: Names;
  readonly socket: WatchSocket;
}

export interface Tracing {
  readonly socket: TraceSocket;
  readonly read: TraceReader;
}

export function interfaceNames(netlink: Netlink): Names {
  const links = netlink.request(dumpLinks()).map(decodeLink);
  return new Map(links.map(({ index, name }) => [index, name]));
}

/**
 * What came since the last time.
 *
 * @param sentMs when the probe was sent, since 1970
 */
export function look(
  lookouts: readonly Lookout[],
  tracing: Tracing | undefined,
  identification: number,
  sentMs: number,
): readonly LiveEvent[] {
  // Traces bear no time of their own: they come first.
  const messages = tracing?.socket.receive() ?? [];
  const now = performance.timeOrigin + performance.now() - sentMs;
  const traces = messages.flatMap((message) => tracing?.read(message, now) ?? []);
  const frames = lookouts.flatMap((lookout) =>
    lookout.socket.receive().flatMap((packet) => toEvent(lookout, packet, identification, sentMs)),
  );
  return [...traces, ...frames];
}

function toEvent(
  { space, names }: Lookout,
  packet: WatchedPacket,
  identification: number,
  sentMs: number,
): readonly LiveEvent[] {
  const decoded = decodePacket(packet.etherType, packet.bytes, identification);
  const name = names.get(packet.interface);
  if (decoded === undefined || name === undefined) return [];
  const at = { ms: packet.ms - sentMs, space, interface: name, direction: packet.direction };
  switch (decoded.kind) {
    case "probe":
      return [{ ...at, kind: "frame", header: decoded.header }];
    case "neighbour":
      return [{ ...at, ...decoded }];
    case "error":
      // Elsewhere on its way it would be told many times.
      return space.kind === "sender" && packet.direction === "in"
        ? [{ ...at, kind: "error", from: decoded.from, type: decoded.type, code: decoded.code }]
        : [];
  }
}
