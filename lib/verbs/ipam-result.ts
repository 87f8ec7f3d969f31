/** What an ipam of ours says beyond the result of the specification. */
import type { Ip } from "../addr/ip.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { Result } from "../cni/result.ts";

export interface IpamResult extends Result {
  /** Addresses that the kernel made itself and keeps up (RFC 4862): told to the runtime, and nobody's to set. */
  readonly autoconf?: readonly Prefix[];
  /** Addresses whose subnet is on other hosts, too: the container reaches its neighbours by the gateway. */
  readonly apart?: readonly Ip[];
  /** The wire was asked for its addresses already. */
  readonly probed?: boolean;
}
