/** A virtual switch: what a network's ports meet on, and what the host itself has on it. */
import type { Family } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";

/** A switch without uplink: the host is its router. */
export interface InternalSwitch {
  readonly kind: "internal";
  readonly network: string;
  /** Name of the host's interface on it (the bridge). */
  readonly name: string;
  readonly mac: Mac;
  /** Bytes. */
  readonly mtu: number;
  /** Addresses of the host on the switch: the containers' gateways, with the length of their subnet. */
  readonly gateways: readonly Prefix[];
  /** Families whose packets the host forwards for this switch. */
  readonly forwarding: readonly Family[];
  /** Packets of the switch's subnets that leave it are masqueraded, except towards these. Absent: never. */
  readonly outboundNat?: { readonly exceptions: readonly Prefix[] };
  /** Its containers reach the gateway and what is beyond, not each other (HCN's DisableInterComputeCommunication). */
  readonly isolated?: true;
  /** Other networks of this host whose containers may open connections to its own: all, or by name. Absent: none. */
  readonly reachable?: true | readonly string[];
}

export type Switch = InternalSwitch;
