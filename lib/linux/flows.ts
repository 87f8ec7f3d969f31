/** Forgetting tracked flows (conntrack). */
import { type Ip, ipFamily } from "../addr/ip.ts";
import { contains, prefix, prefixAddress } from "../addr/prefix.ts";
import type { Netlink } from "../netlink/connection.ts";
import { dumpConntrack } from "../netlink/ct/dump.ts";
import { deleteConntrack } from "../netlink/ct/entry.ts";
import { isErrno, NetlinkError } from "../netlink/error.ts";
import type { Reply } from "../netlink/message.ts";
import { decodeAddress, dumpAddresses } from "../netlink/route/address.ts";
import type { FlowPattern } from "./step.ts";

/** IANA protocol numbers. */
const protocolNumbers = { tcp: 6, udp: 17, sctp: 132 } as const;

/**
 * Deletes the entries that lead to one of the ports of this host, and those that end at one of the addresses. A flow
 * to the same port of another machine is nobody's business here: without its entry it would lose its masquerade.
 */
export function forgetFlows(
  { host, rules }: { readonly host: Netlink; readonly rules: Netlink },
  { protocols, hostPorts, addresses }: FlowPattern,
): void {
  const families = [...new Set(addresses.map(ipFamily))];
  const ports = new Set<number | undefined>(hostPorts);
  const ends = new Set<string>(addresses);
  const own = new Set<string>(host.request(dumpAddresses()).map((reply) => addressOf(reply)));
  for (const family of families) {
    for (const protocol of protocols) {
      const entries = dumpEntries(rules, family, protocolNumbers[protocol]);
      const stale = entries.filter(
        ({ orig, reply }) =>
          ends.has(reply.src) ||
          (ports.has(orig.dstPort) && (own.has(orig.dst) || isLoopback(orig.dst) || orig.dst !== reply.src)),
      );
      for (const outcome of rules.requests(stale.map(deleteConntrack))) {
        if (outcome instanceof NetlinkError && !isErrno(outcome, "ENOENT")) throw outcome;
      }
    }
  }
}

const addressOf = (reply: Reply): Ip => prefixAddress(decodeAddress(reply).address);

/** Every address of 127/8 is the host's, though it has only one. */
const isLoopback = (address: Ip): boolean =>
  ipFamily(address) === 4 && contains(prefix("127.0.0.0/8"), address);

function dumpEntries(netlink: Netlink, family: 4 | 6, protocol: number): ReturnType<typeof dumpConntrack> {
  try {
    return dumpConntrack(netlink, { family, protocol });
  } catch (error) {
    // No conntrack, no flows.
    if (isErrno(error, "EINVAL", "EOPNOTSUPP", "EPROTONOSUPPORT")) return [];
    throw error;
  }
}
