/** Getting an IPv4 lease and giving it back, synchronously, as ADD and DEL need it. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import { prefixAddress } from "../addr/prefix.ts";
import { awaitLease, defaultTimeoutMs } from "./await-lease.ts";
import type { Lease4 } from "./lease.ts";
import type { DhcpSocket } from "./socket.ts";
import { release } from "./v4/ask.ts";
import { datagramOf } from "./v4/datagram.ts";
import { session4 } from "./v4/session.ts";

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
  /** How long all of it may take; 10 s when absent. */
  readonly timeoutMs?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Whether somebody on the link has the address already: it is then declined and another one asked for. */
  readonly isTaken?: (address: Ip) => boolean;
}

/**
 * Asks for a lease until it has one.
 *
 * @throws {CniError} 11 `dhcp-timeout`, saying how often was asked, on which link, and who answered what
 */
export function obtainLease(socket: DhcpSocket, request: LeaseRequest): Lease4 {
  const { isTaken, timeoutMs = defaultTimeoutMs } = request;
  return awaitLease(socket, (nowMs) => session4(request, nowMs, request), {
    ...request,
    protocol: "DHCP",
    timeoutMs,
    isTaken: ({ address }) => isTaken?.(prefixAddress(address)) === true,
    giveBack: (lease) => releaseLease(socket, lease, request),
  });
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
