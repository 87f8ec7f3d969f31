/** Getting an IPv6 lease by DHCPv6 and giving it back, synchronously, as ADD and DEL need it. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import { readBe32 } from "../netlink/bytes.ts";
import { awaitLease, defaultTimeoutMs } from "./await-lease.ts";
import { iaid } from "./client-id.ts";
import type { DhcpSocket } from "./socket.ts";
import { type Client6, giveUp6 } from "./v6/client.ts";
import type { Lease6 } from "./v6/lease.ts";
import { datagramOf6 } from "./v6/message.ts";
import { session6 } from "./v6/session.ts";

export interface Lease6Request {
  /** Of the vNIC. */
  readonly mac: Mac;
  /** Of the vNIC, past its duplicate address detection: what it sends from. */
  readonly linkLocal: Ip;
  /** `duid` of the owner's key. */
  readonly duid: Uint8Array;
  /** Key of the owner: its identity association. */
  readonly key: string;
  /** Name of the link, for errors. */
  readonly link: string;
  /** An address to ask for; the server may give another one. */
  readonly requested?: Ip;
  /** How long all of it may take; 10 s when absent. */
  readonly timeoutMs?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Whether somebody on the link has the address already: it is then declined and another one asked for. */
  readonly isTaken?: (address: Ip) => boolean;
}

/** @throws {CniError} 11 `dhcp-timeout`, as `obtainLease` */
export function obtainLease6(socket: DhcpSocket, request: Lease6Request): Lease6 {
  const { requested, isTaken, timeoutMs = defaultTimeoutMs } = request;
  const client = client6(request);
  return awaitLease(socket, (nowMs) => session6(client, nowMs, requested), {
    ...request,
    protocol: "DHCPv6",
    timeoutMs,
    isTaken: ({ address }) => isTaken?.(address) === true,
    giveBack: (lease) => releaseLease6(socket, lease, request),
  });
}

/** Nobody waits for the answer. */
export function releaseLease6(
  socket: DhcpSocket,
  lease: Lease6,
  client: Pick<Lease6Request, "mac" | "linkLocal" | "duid" | "key" | "random">,
): void {
  socket.send(datagramOf6(giveUp6(client6(client), lease, "release"), client.mac, client.linkLocal));
}

export function client6({
  key,
  mac,
  linkLocal,
  duid,
  random,
}: Pick<Lease6Request, "mac" | "linkLocal" | "duid" | "key" | "random">): Client6 {
  return { mac, linkLocal, duid, random, iaid: readBe32(iaid(key), 0) };
}
