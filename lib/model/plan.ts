/**
 * A plan: the desired state of one attachment as plain data, by name and role.
 *
 * It holds no kernel index, handle, clock or random value. ADD applies it, CHECK compares it with the facts, DEL and
 * GC remove what bears its owner's key: nobody writes the meaning of an attachment twice.
 */
import { localMac, type Mac } from "../addr/mac.ts";
import type { Compartment } from "./compartment.ts";
import { digest, type Owner } from "./owner.ts";
import type { Port } from "./port.ts";
import type { Switch } from "./switch.ts";
import type { Vnic } from "./vnic.ts";

export interface Plan {
  readonly owner: Owner;
  /** `ownerKey(owner)`. */
  readonly key: string;
  readonly compartment: Compartment;
  readonly switch: Switch;
  readonly port: Port;
  readonly vnic: Vnic;
}

/** Longest interface name, in bytes (linux/if.h IFNAMSIZ less the NUL). */
const longestName = 15;

/** Name of the switch's interface: `vsw-NETWORK` where that fits, else a hash stands for the network's name. */
export function switchName(network: string): string {
  const plain = `vsw-${network}`;
  return plain.length <= longestName ? plain : `vsw-${digest("switch", network).slice(0, 11)}`;
}

/** Name of a port: `vp-` and 12 digits of its owner's key. */
export function portName(key: string): string {
  return `vp-${key.slice(0, 12)}`;
}

/** MAC of the host's end of a vNIC. */
export function portMac(key: string): Mac {
  return localMac(digest("port", key));
}

/** MAC of the switch: derived from the network, so that it never follows the ports'. */
export function switchMac(network: string): Mac {
  return localMac(digest("switch", network));
}

/** MAC of a vNIC: derived from its owner, so that a container started again keeps it. */
export function vnicMac(owner: Owner): Mac {
  return localMac(digest("vnic", owner.network, owner.containerId, owner.ifname));
}
