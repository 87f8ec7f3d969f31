/** Writes what was saved of a damaged state file, and what was learnt from elsewhere, into a new one. */
import type { Ip } from "../addr/ip.ts";
import { prefixAddress } from "../addr/prefix.ts";
import { CniError } from "../cni/error.ts";
import type { Access } from "./access.ts";
import { endpointsTable } from "./endpoints.ts";
import { leasesTable } from "./leases.ts";
import { networksTable } from "./networks.ts";
import { type Ports, portsTable } from "./ports.ts";
import type { LeaseOwner, PortClaim, Recovered, RecoveredEndpoint } from "./rows.ts";
import type { Salvaged } from "./salvage.ts";
import type { Sql } from "./sql.ts";

export interface FillSource {
  readonly bootId: string;
  readonly now: () => number;
  readonly warn: (text: string) => void;
}

/** The kernel's word decides whose an address is; the old file's rows say more of whose it is. */
export function fillRecovered(sql: Sql, recovered: Recovered, saved: Salvaged, source: FillSource): void {
  const direct = <T>(fn: (sql: Sql) => T): T => fn(sql);
  const access: Access = { ...source, read: direct, write: direct };
  const [networks, endpoints] = [networksTable(access), endpointsTable(access)];
  const [leases, ports] = [leasesTable(access), portsTable(access)];
  const savedEndpoints = saved.endpoints.filter((row) => row.bootId === source.bootId);
  sql.script("BEGIN IMMEDIATE");
  for (const { name, kind = "nat", spec } of recovered.networks) networks.put({ name, kind, spec });
  for (const network of saved.networks) networks.put(network);
  for (const endpoint of recovered.endpoints) endpoints.put(rowOf(endpoint, source));
  for (const row of savedEndpoints) endpoints.put(row);
  for (const { owner, address } of holders(recovered, saved, source)) leases.take(owner, address);
  for (const { key, ports: claims } of recovered.endpoints) claim(ports, key, claims ?? [], source);
  const known = new Set(savedEndpoints.map((row) => row.key));
  for (const { owner, hostIp, port: hostPort, protocol, family } of saved.ports) {
    const entry = { protocol, hostPort, family, ...(hostIp !== "" && { hostIp: hostIp as Ip }) };
    if (known.has(owner)) claim(ports, owner, [entry], source);
  }
  sql.script("COMMIT");
}

interface Held {
  readonly owner: LeaseOwner;
  readonly address: Ip;
}

/** One holder per address. */
function holders(recovered: Recovered, saved: Salvaged, source: FillSource): Iterable<Held> {
  const held = new Map<string, Held>();
  const add = (owner: LeaseOwner, address: Ip): void => {
    const id = `${owner.network}/${address}`;
    const other = held.get(id)?.owner;
    if (other === undefined || other.netns === "") held.set(id, { owner, address });
    if (other !== undefined && other.key !== owner.key) {
      held.set(id, { owner: other, address });
      source.warn(
        `while rebuilding: ${address} is claimed by ${other.key} and ${owner.key}; the first keeps it`,
      );
    }
  };
  for (const endpoint of recovered.endpoints)
    for (const address of endpoint.addresses) add(ownerOf(endpoint), prefixAddress(address));
  for (const { address, bootId, takenMs: _, ...owner } of saved.leases)
    if (bootId === source.bootId) add(owner, address);
  for (const { address, ...owner } of recovered.leases ?? []) add(owner, address);
  return held.values();
}

function claim(ports: Ports, key: string, claims: readonly PortClaim[], source: FillSource): void {
  try {
    ports.claim(key, claims);
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    source.warn(`while rebuilding: ${error.message}, and claimed by ${key} too`);
  }
}

function rowOf(endpoint: RecoveredEndpoint, source: FillSource) {
  const plan = endpoint.plan ?? null;
  return {
    ...ownerOf(endpoint),
    phase: "ready",
    plan,
    bootId: source.bootId,
    createdMs: source.now(),
  } as const;
}

function ownerOf(endpoint: RecoveredEndpoint): LeaseOwner {
  const { key, network, containerId = "", ifname = "", netns = "" } = endpoint;
  return { key, network, containerId, ifname, netns };
}
