/** Writes what was learnt from elsewhere into a new state file. */
import type { Ip } from "../addr/ip.ts";
import { prefixAddress } from "../addr/prefix.ts";
import { CniError } from "../cni/error.ts";
import type { Access } from "./access.ts";
import { endpointsTable } from "./endpoints.ts";
import { type Leases, leasesTable } from "./leases.ts";
import { networksTable } from "./networks.ts";
import { portsTable } from "./ports.ts";
import type { LeaseOwner, Recovered, RecoveredEndpoint } from "./rows.ts";
import type { Sql } from "./sql.ts";

export interface FillSource {
  readonly bootId: string;
  readonly now: () => number;
  readonly warn: (text: string) => void;
}

export function fillRecovered(sql: Sql, recovered: Recovered, source: FillSource): void {
  const direct = <T>(fn: (sql: Sql) => T): T => fn(sql);
  const access: Access = { ...source, read: direct, write: direct };
  const [networks, endpoints] = [networksTable(access), endpointsTable(access)];
  const [leases, ports] = [leasesTable(access), portsTable(access)];
  sql.script("BEGIN IMMEDIATE");
  for (const { name, kind = "nat", spec } of recovered.networks) networks.put({ name, kind, spec });
  for (const endpoint of recovered.endpoints) {
    const owner = ownerOf(endpoint);
    const { netns, ...rest } = owner;
    const createdMs = source.now();
    endpoints.put({
      ...rest,
      netns,
      phase: "ready",
      plan: endpoint.plan ?? null,
      bootId: source.bootId,
      createdMs,
    });
    for (const address of endpoint.addresses) lease(leases, owner, prefixAddress(address), source);
    ports.claim(owner.key, endpoint.ports ?? []);
  }
  sql.script("COMMIT");
}

/** Two that claim one address: the first keeps it, and nobody gets it anew. */
function lease(leases: Leases, owner: LeaseOwner, address: Ip, source: FillSource): void {
  try {
    leases.take(owner, address);
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    source.warn(`while rebuilding: ${error.message}, and claimed by ${owner.key} too`);
  }
}

function ownerOf(endpoint: RecoveredEndpoint): LeaseOwner {
  const { key, network, containerId = "", ifname = "", netns = "" } = endpoint;
  return { key, network, containerId, ifname, netns };
}
