/** What asking a server fails with, beside its silence. */
import type { Ip } from "../../../lib/addr/ip.ts";
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import { formatOwner } from "../../../lib/model/owner.ts";
import type { LeaseOwner } from "../../../lib/state/rows.ts";

export function notOnTheWire(owner: LeaseOwner): CniError {
  return new CniError(
    errorCode.unsupportedField,
    `ipam.source "dhcp" of ${formatOwner(owner)}: on this network there is nobody to ask`,
    {
      reason: "dhcp-unsupported",
      details:
        "containers of a nat network are behind the host: take a transparent network, or ranges of our own",
    },
  );
}

export function noLink({ ifname, netns }: LeaseOwner): CniError {
  return new CniError(
    errorCode.dependencyMissing,
    `ask for an address: there is no interface ${ifname} in ${netns}`,
    {
      reason: "link-missing",
      details:
        "an address by DHCP needs an interface that is made before the ipam is called: transparent and the reference macvlan do so, nat does not",
    },
  );
}

/** @param server who lends another one */
export function anotherLent(asked: Ip, lent: Ip, server: string): CniError {
  return new CniError(
    errorCode.addressTaken,
    `address ${asked} was asked for, and the DHCP server ${server} lends ${lent}`,
    {
      reason: "address-refused",
      details: "reserve it there for the container's MAC or client identifier, or ask for no address",
    },
  );
}
