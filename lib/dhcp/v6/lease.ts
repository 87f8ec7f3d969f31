/** What a DHCPv6 server lent (RFC 8415), as plain data: it is kept in the state file as JSON. */
import type { Ip } from "../../addr/ip.ts";
import type { Dns } from "../../cni/dns.ts";

/** Times are in milliseconds since 1970; `forever` (../lease.ts) for a lease without end. */
export interface Lease6 {
  /** DHCPv6 tells neither subnet nor router: they come from router advertisements. */
  readonly address: Ip;
  readonly dns: Dns;
  /** DUID of the server, in hexadecimal digits. */
  readonly server: string;
  readonly obtainedMs: number;
  /** T1: this server is asked for more time. */
  readonly renewMs: number;
  /** T2: any server is asked. */
  readonly rebindMs: number;
  /** After this nothing new begins from the address. */
  readonly preferredMs: number;
  /** The address must not be used after this. */
  readonly expiresMs: number;
}
