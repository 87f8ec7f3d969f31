/** What a DHCPv4 server lent, as plain data: it is kept in the state file as JSON. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { Dns } from "../cni/dns.ts";

export interface LeaseRoute {
  readonly destination: Prefix;
  /** Absent: on the link itself. */
  readonly gateway?: Ip;
}

/** Times are in milliseconds since 1970; {@link forever} for a lease without end. */
export interface Lease4 {
  /** With the length of its subnet. */
  readonly address: Prefix;
  /** Of the default route, if the server named one. */
  readonly gateway?: Ip;
  /** All of them, the default route among them. Classless routes take the place of the router (RFC 3442). */
  readonly routes: readonly LeaseRoute[];
  readonly dns: Dns;
  /** Bytes. */
  readonly mtu?: number;
  /** The server's identifier, an address of its own. */
  readonly server: Ip;
  /** Where frames for the server go: itself, or the relay or router that its answer came from. */
  readonly serverMac: Mac;
  readonly obtainedMs: number;
  /** T1: the server itself is asked for more time. */
  readonly renewMs: number;
  /** T2: any server is asked. */
  readonly rebindMs: number;
  /** The address must not be used after this. */
  readonly expiresMs: number;
}

/** A time that JSON and SQLite keep and that never comes. */
export const forever: number = Number.MAX_SAFE_INTEGER;
