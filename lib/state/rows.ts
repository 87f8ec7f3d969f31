/** What the state file holds, as values. */
import type { Family, Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { Lease4 } from "../dhcp/lease.ts";
import type { Lease6 } from "../dhcp/v6/lease.ts";
import type { Owner } from "../model/owner.ts";
import type { Plan } from "../model/plan.ts";

export interface NetworkRow {
  readonly name: string;
  readonly kind: string;
  /** Plain data, kept as JSON. */
  readonly spec: unknown;
}

export interface EndpointRow extends Owner {
  /** `ownerKey` of the three. */
  readonly key: string;
  readonly netns: string;
  /** `adding`: written before the kernel was touched; `ready`: ADD came to its end. */
  readonly phase: "adding" | "ready";
  readonly plan: Plan | null;
  readonly bootId: string;
  readonly createdMs: number;
}

/** A published port on the host. */
export interface PortClaim {
  /** Absent, 0.0.0.0 or :: for any address of the family. */
  readonly hostIp?: Ip | undefined;
  readonly protocol: string;
  readonly hostPort: number;
  readonly family: Family;
}

/** Who takes an address. */
export interface LeaseOwner extends Owner {
  readonly key: string;
  /** CNI_NETNS, or "" when nobody knows: such a lease is never taken for abandoned. */
  readonly netns: string;
}

export interface Lease extends LeaseOwner {
  readonly address: Ip;
  readonly bootId: string;
  readonly takenMs: number;
}

interface DhcpOwner extends LeaseOwner {
  /** Of the host, below the vNIC: by it the address is given back when the compartment is gone. */
  readonly device: string;
  /** Of the vNIC. */
  readonly mac: Mac;
  /** DHCPv4: option 61; DHCPv6: the DUID. */
  readonly clientId: Uint8Array;
  readonly hostname?: string;
  readonly bootId: string;
}

/** What a DHCP server lent to a vNIC. */
export type DhcpRow =
  | (DhcpOwner & { readonly family: 4; readonly lease: Lease4 })
  | (DhcpOwner & { readonly family: 6; readonly lease: Lease6 });

/** Addresses from first to last, both included, of one family. */
export interface AddressInterval {
  readonly first: Ip;
  readonly last: Ip;
}

/** What can be learnt from elsewhere when the file is lost. */
export interface Recovered {
  readonly networks: readonly { readonly name: string; readonly kind?: string; readonly spec: unknown }[];
  readonly endpoints: readonly RecoveredEndpoint[];
  /** Addresses in use as somebody else remembers them, of endpoints of ours or not. */
  readonly leases?: readonly RecoveredLease[];
}

export interface RecoveredLease extends LeaseOwner {
  readonly address: Ip;
}

export interface RecoveredEndpoint {
  readonly key: string;
  readonly network: string;
  readonly containerId?: string;
  readonly ifname?: string;
  readonly netns?: string;
  readonly addresses: readonly Prefix[];
  readonly plan?: Plan | undefined;
  readonly ports?: readonly PortClaim[] | undefined;
}
