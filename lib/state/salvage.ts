/** What can still be read from a damaged state file. */
import { Database } from "bun:sqlite";
import type { Family } from "../addr/ip.ts";
import { dhcpOf, type StoredDhcp, selectDhcp } from "./dhcp-leases.ts";
import { endpointOf, type StoredEndpoint, selectEndpoints } from "./endpoints.ts";
import { leaseOf, type StoredLease, selectLeases } from "./leases.ts";
import { networkOf, type StoredNetwork, selectNetworks } from "./networks.ts";
import type { DhcpRow, EndpointRow, Lease, NetworkRow } from "./rows.ts";

export interface Salvaged {
  readonly networks: readonly NetworkRow[];
  readonly endpoints: readonly EndpointRow[];
  readonly leases: readonly Lease[];
  readonly ports: readonly SalvagedPort[];
  readonly dhcp: readonly DhcpRow[];
}

export interface SalvagedPort {
  readonly owner: string;
  readonly port: number;
  readonly protocol: string;
  readonly family: Family;
  /** "" for any. */
  readonly hostIp: string;
}

export const nothingSalvaged: Salvaged = { networks: [], endpoints: [], leases: [], ports: [], dhcp: [] };

/** Reads each table from both ends up to the damage. Never throws. */
export function salvage(path: string): Salvaged {
  try {
    const database = new Database(path, { readonly: true });
    try {
      // SQLite then reads a file that is shorter than its header says.
      database.run("PRAGMA writable_schema = ON");
      return {
        networks: table<StoredNetwork, NetworkRow>(database, selectNetworks, "name", networkOf),
        endpoints: table<StoredEndpoint, EndpointRow>(database, selectEndpoints, "key", endpointOf),
        leases: table<StoredLease, Lease>(database, selectLeases, "network, address", leaseOf),
        ports: table<SalvagedPort, SalvagedPort>(
          database,
          selectPorts,
          "port, protocol, family, host_ip",
          (row) => row,
        ),
        dhcp: table<StoredDhcp, DhcpRow>(database, selectDhcp, "key, family", dhcpOf),
      };
    } finally {
      database.close();
    }
  } catch {
    return nothingSalvaged;
  }
}

const selectPorts = "SELECT owner, port, protocol, family, host_ip AS hostIp FROM ports";

function table<Row, Value>(
  database: Database,
  select: string,
  key: string,
  parse: (row: Row) => Value,
): readonly Value[] {
  const found = new Map<string, Value>();
  for (const direction of ["ASC", "DESC"]) {
    const order = key.replace(/(,|$)/g, ` ${direction}$1`);
    try {
      for (const row of database.query<Row, []>(`${select} ORDER BY ${order}`).iterate()) {
        // A row of a damaged page may hold anything.
        const value = parsed(parse, row);
        if (value !== undefined) found.set(JSON.stringify(value), value);
      }
    } catch {
      // The damage is reached.
    }
  }
  return [...found.values()];
}

function parsed<Row, Value>(parse: (row: Row) => Value, row: Row): Value | undefined {
  const holes = Object.values(row as object).filter((value) => value === null);
  try {
    return holes.length > 1 ? undefined : parse(row);
  } catch {
    return undefined;
  }
}
