/** Getting a lease and giving it back, synchronously, as ADD and DEL need it. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Lease4 } from "./lease.ts";
import type { DhcpSocket } from "./socket.ts";

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
  /** How long all of it may take; {@link defaultTimeoutMs} when absent. */
  readonly timeoutMs?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Whether somebody on the link has the address already: it is then declined and another one asked for. */
  readonly isTaken?: (address: Ip) => boolean;
}

/** Of one request for a lease. */
export const defaultTimeoutMs = 10_000;

/**
 * Asks for a lease until it has one.
 *
 * @throws {CniError} 11 `dhcp-timeout`, saying how often was asked, on which link, and who answered what
 */
export function obtainLease(_socket: DhcpSocket, _request: LeaseRequest): Lease4 {
  throw new Error("not yet");
}

/**
 * Tells the server that the address is free again. Nobody answers to that, so nothing is waited for.
 *
 * @param socket in the compartment, or on the host's uplink when the compartment is gone
 */
export function releaseLease(
  _socket: DhcpSocket,
  _lease: Lease4,
  _client: Pick<LeaseRequest, "mac" | "clientId" | "random">,
): void {
  throw new Error("not yet");
}
