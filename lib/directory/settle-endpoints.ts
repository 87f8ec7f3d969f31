/** Which addresses and MACs are behind which node, in a network that is one subnet on all hosts: the last word counts. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import { type Prefix, prefixAddress } from "../addr/prefix.ts";
import type { RemoteEndpoint } from "../model/peer.ts";
import type { Complaint } from "./complaint.ts";
import type { EndpointRecord } from "./records.ts";
import { compareRevisions } from "./revision.ts";
import { isWithin, spanOf, spanOfAddress } from "./span.ts";
import type { Entry } from "./state.ts";

export interface SettledEndpoints {
  /** By uid of their node, this host's among them. */
  readonly endpoints: ReadonlyMap<string, readonly RemoteEndpoint[]>;
  readonly complaints: readonly Complaint[];
}

interface Said {
  readonly uid: string;
  readonly entry: Entry<EndpointRecord>;
  readonly addresses: readonly Ip[];
}

/** What is the network's own, and no container's. */
export interface Reserved {
  readonly cidrs: readonly Prefix[];
  readonly gateways: readonly Prefix[];
  /** Of the gateway and of tunnels. */
  readonly macs: Pick<ReadonlySet<Mac>, "has">;
}

/** @param given by uid of the node that says so, only of nodes that are believed */
export function settleEndpoints(
  given: Iterable<readonly [string, Iterable<Entry<EndpointRecord>>]>,
  reserved: Reserved,
): SettledEndpoints {
  const complaints: Complaint[] = [];
  const fit = readFit(given, reserved, complaints);
  const macs = new Map<Mac, Said>();
  for (const said of fit) keepLater(macs, said.entry.record.mac, said);
  const byMac = fit.filter((said) => {
    const winner = macs.get(said.entry.record.mac);
    if (winner === said || winner === undefined) return true;
    complaints.push(macTaken(said, winner));
    return false;
  });
  const addresses = new Map<Ip, Said>();
  for (const said of byMac) for (const address of said.addresses) keepLater(addresses, address, said);
  const endpoints = new Map<string, RemoteEndpoint[]>();
  for (const said of byMac) {
    const won = said.addresses.filter((address) => addresses.get(address) === said);
    for (const address of said.addresses) {
      const winner = addresses.get(address);
      if (winner !== undefined && winner !== said) complaints.push(addressTaken(address, said, winner));
    }
    if (won.length === 0) continue;
    const list = endpoints.get(said.uid) ?? [];
    list.push({ addresses: won, mac: said.entry.record.mac });
    endpoints.set(said.uid, list);
  }
  // The same in whatever order they became known.
  for (const list of endpoints.values()) list.sort((a, b) => (a.mac < b.mac ? -1 : 1));
  return { endpoints, complaints };
}

/** Records that say what a container may have. */
function readFit(
  given: Iterable<readonly [string, Iterable<Entry<EndpointRecord>>]>,
  { cidrs, gateways, macs }: Reserved,
  complaints: Complaint[],
): readonly Said[] {
  const spans = cidrs.map(spanOf);
  const own = new Set(gateways.map(prefixAddress));
  const fit: Said[] = [];
  for (const [uid, entries] of given) {
    for (const entry of entries) {
      const { ips, mac } = entry.record;
      const reserved = ips.find((ip) => own.has(ip)) ?? (macs.has(mac) ? mac : undefined);
      if (reserved !== undefined) {
        complaints.push(ofGateway(entry, uid, reserved));
        continue;
      }
      const addresses = [...new Set(ips)].filter((ip) => {
        const span = spanOfAddress(ip);
        if (spans.some((outer) => isWithin(span, outer))) return true;
        complaints.push(outside(entry, uid, ip));
        return false;
      });
      if (addresses.length > 0) fit.push({ uid, entry, addresses });
    }
  }
  return fit;
}

function keepLater<K>(winners: Map<K, Said>, key: K, said: Said): void {
  const other = winners.get(key);
  if (other === undefined || isLater(said.entry, other.entry)) winners.set(key, said);
}

const isLater = (a: Entry<EndpointRecord>, b: Entry<EndpointRecord>): boolean =>
  (compareRevisions(a.modRevision, b.modRevision) || (a.key < b.key ? -1 : 1)) > 0;

const stale = "Delete the key, if that container is gone; otherwise restart it, so that it gets another.";

const addressTaken = (address: Ip, { uid, entry }: Said, winner: Said): Complaint => ({
  code: "endpoint-address-taken",
  about: entry.key,
  text: `${address} is said to be on node ${uid}, and later on node ${winner.uid} (${winner.entry.key}), where it is sent to`,
  remedy: stale,
});

const macTaken = ({ uid, entry }: Said, winner: Said): Complaint => ({
  code: "endpoint-mac-taken",
  about: entry.key,
  text: `${entry.record.mac} is said to be on node ${uid}, and later on node ${winner.uid} (${winner.entry.key}), where it is sent to`,
  remedy: stale,
});

const ofGateway = ({ key }: Entry<EndpointRecord>, uid: string, what: string): Complaint => ({
  code: "endpoint-of-gateway",
  about: key,
  text: `a container of node ${uid} has ${what}, which is the gateway's or a tunnel's: it is left out`,
  remedy: "Give that container another address or MAC, and reserve the gateway's address on all hosts.",
});

const outside = ({ key }: Entry<EndpointRecord>, uid: string, address: Ip): Complaint => ({
  code: "endpoint-outside",
  about: key,
  text: `a container of node ${uid} has ${address}, which is not within the network's cidrs: it is left out`,
  remedy: "Add its prefix to the network's cidrs, or delete the key.",
});
