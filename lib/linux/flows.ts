/** Forgetting tracked flows (conntrack). */
import { type Family, type Ip, ipFamily, isLoopback } from "../addr/ip.ts";
import { prefixAddress } from "../addr/prefix.ts";
import { dumpConntrack, encodeConntrackDump } from "../netlink/ct/dump.ts";
import { type ConntrackEntry, decodeConntrack, deleteConntrack } from "../netlink/ct/entry.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { Reply } from "../netlink/message.ts";
import { decodeAddress, dumpAddresses } from "../netlink/route/address.ts";
import { isErrno } from "../os/error.ts";
import type { Readers } from "./machine.ts";
import type { FlowPattern } from "./step.ts";

/** IANA protocol numbers. */
const protocolNumbers = { tcp: 6, udp: 17, sctp: 132 } as const;

/**
 * Deletes the entries that lead to one of the ports of this host, and those that end at one of the addresses. A flow
 * to the same port of another machine is nobody's business here: without its entry it would lose its masquerade.
 */
export function forgetFlows(machine: Readers, { protocols, hostPorts, addresses }: FlowPattern): void {
  const { host, rules } = machine;
  const families = [...new Set(addresses.map(ipFamily))];
  const numbers = protocols.map((protocol) => protocolNumbers[protocol]);
  const entries = trackedFlows(machine, families, numbers);
  if (entries.length === 0) return;
  const ports = new Set<number | undefined>(hostPorts);
  const ends = new Set<string>(addresses);
  const own = new Set<string>(host.request(dumpAddresses()).map(addressOf));
  const isOwn = (address: Ip): boolean => own.has(address) || isLoopback(address);
  const stale = entries.filter(
    ({ orig, reply }) =>
      ends.has(reply.src) || (ports.has(orig.dstPort) && (isOwn(orig.dst) || orig.dst !== reply.src)),
  );
  for (const outcome of rules.requests(stale.map(deleteConntrack))) {
    if (outcome instanceof NetlinkError && !isErrno(outcome, "ENOENT")) throw outcome;
  }
}

/** So many entries are read faster than the kernel walks through its table once more. */
const fewFlows = 5000;

/**
 * A dump walks through a table that all compartments share (262 144 buckets take 11 ms), whatever is in it; the
 * kernel's filter wants a family and a protocol, so it costs one walk for each pair.
 */
function trackedFlows(
  { rules, readSysctl }: Readers,
  families: readonly Family[],
  protocols: readonly number[],
): readonly ConntrackEntry[] {
  const count = Number(readSysctl(["netfilter", "nf_conntrack_count"]) ?? Number.POSITIVE_INFINITY);
  if (count === 0) return [];
  if (count > fewFlows)
    return families.flatMap((family) =>
      protocols.flatMap((protocol) => orNone(() => dumpConntrack(rules, { family, protocol }))),
    );
  const all = orNone(() => rules.request(encodeConntrackDump({})).map(decodeConntrack));
  return all.filter(({ family, orig }) => families.includes(family) && protocols.includes(orig.protocol));
}

const addressOf = (reply: Reply): Ip => prefixAddress(decodeAddress(reply).address);

function orNone(dump: () => readonly ConntrackEntry[]): readonly ConntrackEntry[] {
  try {
    return dump();
  } catch (error) {
    // No conntrack, no flows.
    if (isErrno(error, "EINVAL", "EOPNOTSUPP", "EPROTONOSUPPORT")) return [];
    throw error;
  }
}
