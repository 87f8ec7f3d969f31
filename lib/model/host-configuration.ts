/**
 * What the host has on an interface, so that the same can be made on another one.
 *
 * It is kept in the platform's own words: what nobody here knows of (a metric, a preference, an attribute of a newer
 * kernel) comes along with what everybody does.
 */
import type { Ip } from "../addr/ip.ts";
import type { Prefix } from "../addr/prefix.ts";

export interface HostObject {
  /** For people: in the words of `ip`. */
  readonly title: string;
  /** The kernel's message in hexadecimal; the interface is left out of it. */
  readonly message: string;
}

export interface HostAddress extends HostObject {
  readonly address: Prefix;
  /** Seconds it had left: somebody gave it for a time, a DHCP server or a router. Absent: for ever. */
  readonly validS?: number;
  /** Its subnet has no route, though the kernel makes one with the address: somebody has deleted it. */
  readonly unrouted?: true;
  /** Learnt from router advertisements by the kernel itself, which goes on with it. */
  readonly learnt?: true;
}

export interface HostRoute extends HostObject {
  /** On the link as long as the route is made: the kernel asks for a way to them then, and never again. */
  readonly gateways: readonly Ip[];
}

export interface HostConfiguration {
  readonly addresses: readonly HostAddress[];
  readonly routes: readonly HostRoute[];
  readonly neighbours: readonly HostObject[];
  /** How the kernel makes the interface's link-local IPv6 address (IN6_ADDR_GEN_MODE_*). Absent without IPv6. */
  readonly addrGenMode?: number;
}

export const nothingOfHost: HostConfiguration = { addresses: [], routes: [], neighbours: [] };
