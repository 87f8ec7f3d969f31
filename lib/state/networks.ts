/** Networks: the named definitions of this host. */
import type { Access } from "./access.ts";
import type { NetworkRow } from "./rows.ts";

export interface Networks {
  get(name: string): NetworkRow | undefined;
  put(row: NetworkRow): void;
  /** Addresses keep their history: leases of the network stay. */
  remove(name: string): void;
  list(): NetworkRow[];
}

export interface StoredNetwork {
  readonly name: string;
  readonly kind: string;
  readonly spec: string;
}

export const selectNetworks = "SELECT name, kind, spec FROM networks";

export function networksTable(access: Access): Networks {
  return {
    get: (name) =>
      access.read((sql) => {
        const row = sql.get<StoredNetwork>(`${selectNetworks} WHERE name = ?`, name);
        return row && networkOf(row);
      }),
    put: (row) =>
      access.write((sql) => {
        const spec = JSON.stringify(row.spec ?? null);
        sql.run("INSERT OR REPLACE INTO networks VALUES (?, ?, ?)", row.name, row.kind, spec);
      }),
    remove: (name) => access.write((sql) => void sql.run("DELETE FROM networks WHERE name = ?", name)),
    list: () =>
      access.read((sql) => sql.all<StoredNetwork>(`${selectNetworks} ORDER BY name`).map(networkOf)),
  };
}

export const networkOf = (row: StoredNetwork): NetworkRow => ({ ...row, spec: JSON.parse(row.spec) });
