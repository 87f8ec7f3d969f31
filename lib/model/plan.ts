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

export interface Plan<S extends Switch = Switch> {
  readonly owner: Owner;
  /** `ownerKey(owner)`. */
  readonly key: string;
  readonly compartment: Compartment;
  readonly switch: S;
  readonly port: Port;
  readonly vnic: Vnic;
}

/** Longest interface name, in bytes (linux/if.h IFNAMSIZ less the NUL). */
const longestName = 15;

/** Name of the switch's interface: `vsw-NETWORK` where that fits, else a hash stands for the network's name. */
export function switchName(network: string): string {
  return shortName("vsw", "switch", network);
}

/** Of the host's own adapter on an external switch: `vsh-NETWORK`, or with a hash. */
export function adapterName(network: string): string {
  return shortName("vsh", "adapter", network);
}

/** Of an overlay network's tunnel: `vsx-NETWORK`, or with a hash. */
export function tunnelName(network: string): string {
  return shortName("vsx", "tunnel", network);
}

/** Of the VLAN of an uplink, by what it is, since networks share it: `UPLINK.ID`, or with a hash. */
export function vlanName(uplink: string, id: number): string {
  const plain = `${uplink}.${id}`;
  return plain.length <= longestName ? plain : `vsv-${digest("vlan", uplink, `${id}`).slice(0, 11)}`;
}

function shortName(prefix: string, role: string, network: string): string {
  const plain = `${prefix}-${network}`;
  return plain.length <= longestName ? plain : `${prefix}-${digest(role, network).slice(0, 11)}`;
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

/** MAC of the host's own adapter on an external switch. */
export function adapterMac(network: string): Mac {
  return localMac(digest("adapter", network));
}

/** MAC of a vNIC: derived from its owner, so that a container started again keeps it. */
export function vnicMac(owner: Owner): Mac {
  return localMac(digest("vnic", owner.network, owner.containerId, owner.ifname));
}
