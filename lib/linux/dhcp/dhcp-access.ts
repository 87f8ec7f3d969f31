/** The wire of a container as its ipam reaches it: packet sockets in the compartment and on the host. */
import { CniError, errorCode } from "../../cni/error.ts";
import type { DhcpAccess } from "../../dhcp/access.ts";
import { linkOf } from "../link-of.ts";
import type { Machine } from "../machine.ts";
import { probeAddresses } from "../probe-addresses.ts";
import { openDhcpSocket } from "./open-dhcp-socket.ts";

/** What it opens stays open: the process that asks for an address ends soon, and each close would wait for 10 ms. */
export function dhcpAccess(machine: Pick<Machine, "openCompartment" | "host">): DhcpAccess {
  return {
    link(path, ifname) {
      const inside = machine.openCompartment(path);
      const link = linkOf(inside.netlink, ifname);
      if (link?.mac === undefined) throw noLink(path, ifname);
      return {
        mac: link.mac,
        socket: openDhcpSocket(inside, link.index),
        isTaken: (address, waitMs) =>
          isTaken(() => probeAddresses(inside.netlink, link.index, [address], waitMs)),
      };
    },
    hostLink(ifname) {
      const link = linkOf(machine.host, ifname);
      return link === undefined ? undefined : openDhcpSocket("host", link.index);
    },
  };
}

function isTaken(probe: () => void): boolean {
  try {
    probe();
    return false;
  } catch (error) {
    if (error instanceof CniError && error.code === errorCode.addressTaken) return true;
    throw error;
  }
}

function noLink(path: string, ifname: string): CniError {
  return new CniError(
    errorCode.dependencyMissing,
    `ask for an address: there is no interface ${ifname} in ${path}`,
    {
      reason: "link-missing",
      details:
        "an address by DHCP needs an interface that is made before the ipam is called: transparent and the reference macvlan do so, nat does not",
    },
  );
}
