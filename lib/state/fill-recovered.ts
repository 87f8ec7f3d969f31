/** Writes what was saved of a damaged state file, and what was learnt from elsewhere, into a state file. */
import type { Ip } from "../addr/ip.ts";
import { prefixAddress } from "../addr/prefix.ts";
import { CniError } from "../cni/error.ts";
import type { Access } from "./access.ts";
import { dhcpTable } from "./dhcp-leases.ts";
import { endpointsTable } from "./endpoints.ts";
import { leasesTable } from "./leases.ts";
import { networksTable } from "./networks.ts";
import { portsTable } from "./ports.ts";
import type { Lease, LeaseOwner, Recovered } from "./rows.ts";
import type { Salvaged } from "./salvage.ts";
import type { Sql } from "./sql.ts";

export interface FillSource {
  readonly bootId: string;
  readonly now: () => number;
  readonly warn: (text: string) => void;
}

/**
 * Rows of an older file. Of older boots only the networks count, and where the kernel knows another holder of an
 * address it is right.
 */
export function fillSaved(sql: Sql, saved: Salvaged, recovered: Recovered, source: FillSource): void {
  const { networks, endpoints, leases, ports, dhcp } = tables(sql, source);
  const holders = new Map(
    recovered.endpoints.flatMap(({ key, network, addresses }) =>
      addresses.map((address) => [`${network}/${prefixAddress(address)}`, key] as const),
    ),
  );
  const isCurrent = ({ bootId }: { readonly bootId: string }): boolean => bootId === source.bootId;
  for (const network of saved.networks) networks.put(network);
  for (const row of saved.endpoints.filter(isCurrent)) endpoints.put(row);
  for (const { address, bootId, takenMs: _, ...owner } of saved.leases) {
    const holder = holders.get(`${owner.network}/${address}`) ?? owner.key;
    if (isCurrent({ bootId }) && holder === owner.key) tolerant(source, () => leases.take(owner, address));
  }
  for (const row of saved.dhcp.filter(isCurrent)) dhcp.put(row);
  for (const { owner, hostIp, port: hostPort, protocol, family } of saved.ports) {
    const claim = { protocol, hostPort, family, ...(hostIp !== "" && { hostIp: hostIp as Ip }) };
    if (endpoints.get(owner)) tolerant(source, () => ports.claim(owner, [claim]));
  }
}

/** Adds what is not there yet. */
export function fillRecovered(sql: Sql, recovered: Recovered, source: FillSource): void {
  const { networks, endpoints, leases, ports } = tables(sql, source);
  const { bootId } = source;
  for (const { name, kind = "nat", spec } of recovered.networks)
    if (!networks.get(name)) networks.put({ name, kind, spec });
  const others = new Map(recovered.leases?.map((lease) => [lease.key, ownerOf(lease)]));
  for (const endpoint of recovered.endpoints) {
    // A mark on a kernel object has no room for long names.
    const owner = others.get(endpoint.key) ?? ownerOf(leases.held(endpoint.key)[0] ?? endpoint);
    const row = {
      ...owner,
      phase: "ready",
      plan: endpoint.plan ?? null,
      bootId,
      createdMs: source.now(),
    } as const;
    if (!endpoints.get(owner.key)) endpoints.put(row);
    for (const address of endpoint.addresses)
      tolerant(source, () => leases.take(owner, prefixAddress(address)));
    tolerant(source, () => ports.claim(owner.key, endpoint.ports ?? []));
  }
  for (const lease of recovered.leases ?? [])
    tolerant(source, () => leases.take(ownerOf(lease), lease.address));
}

function tables(sql: Sql, source: FillSource) {
  const direct = <T>(fn: (sql: Sql) => T): T => fn(sql);
  const access: Access = { ...source, read: direct, write: direct };
  return {
    networks: networksTable(access),
    endpoints: endpointsTable(access),
    leases: leasesTable(access),
    ports: portsTable(access),
    dhcp: dhcpTable(access),
  };
}

/** Of two that claim an address or a port the first keeps it, and nobody gets it anew. */
function tolerant(source: FillSource, fn: () => void): void {
  try {
    fn();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    source.warn(`while rebuilding the state: ${error.message}, and claimed by another too`);
  }
}

function ownerOf(known: Partial<LeaseOwner> & Pick<Lease, "key" | "network">): LeaseOwner {
  const { key, network, containerId = "", ifname = "", netns = "" } = known;
  return { key, network, containerId, ifname, netns };
}
