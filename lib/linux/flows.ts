/** Forgetting tracked flows (conntrack). */
import { ipFamily } from "../addr/ip.ts";
import type { Netlink } from "../netlink/connection.ts";
import { dumpConntrack } from "../netlink/ct/dump.ts";
import { deleteConntrack } from "../netlink/ct/entry.ts";
import { isErrno, NetlinkError } from "../netlink/error.ts";
import type { FlowPattern } from "./step.ts";

/** IANA protocol numbers. */
const protocolNumbers = { tcp: 6, udp: 17, sctp: 132 } as const;

/** Deletes the entries that lead to one of the ports, and those that end at one of the addresses. */
export function forgetFlows(netlink: Netlink, { protocols, hostPorts, addresses }: FlowPattern): void {
  const families = [...new Set(addresses.map(ipFamily))];
  const ports = new Set<number | undefined>(hostPorts);
  const ends = new Set<string>(addresses);
  for (const family of families) {
    for (const protocol of protocols) {
      const entries = dumpEntries(netlink, family, protocolNumbers[protocol]);
      const stale = entries.filter(({ orig, reply }) => ports.has(orig.dstPort) || ends.has(reply.src));
      for (const outcome of netlink.requests(stale.map(deleteConntrack))) {
        if (outcome instanceof NetlinkError && !isErrno(outcome, "ENOENT")) throw outcome;
      }
    }
  }
}

function dumpEntries(netlink: Netlink, family: 4 | 6, protocol: number): ReturnType<typeof dumpConntrack> {
  try {
    return dumpConntrack(netlink, { family, protocol });
  } catch (error) {
    // No conntrack, no flows.
    if (isErrno(error, "EINVAL", "EOPNOTSUPP", "EPROTONOSUPPORT")) return [];
    throw error;
  }
}
