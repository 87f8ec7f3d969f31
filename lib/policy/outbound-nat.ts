/** OutBoundNAT of one endpoint: stands above what its network says of masquerading. */
import type { Ip } from "../addr/ip.ts";
import { contains, type Prefix } from "../addr/prefix.ts";

export interface OutBoundNat {
  readonly kind: "OutBoundNAT";
  /** The container's addresses: the sources that are translated. */
  readonly addresses: readonly Ip[];
  /** Destinations that see the container's own address; they stand above `destinations`. */
  readonly exceptions: readonly Prefix[];
  /** Only towards these; empty: everywhere beyond the network. */
  readonly destinations: readonly Prefix[];
  /** The source address that is seen; absent: that of the interface by which the packet leaves. */
  readonly virtualIp?: Ip;
}

/** Whether a connection from the container to this destination gets another source address. */
export function translates({ exceptions, destinations }: OutBoundNat, destination: Ip): boolean {
  const within = (prefixes: readonly Prefix[]): boolean =>
    prefixes.some((prefix) => contains(prefix, destination));
  return !within(exceptions) && (destinations.length === 0 || within(destinations));
}
