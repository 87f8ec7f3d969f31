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

interface Stored {
  readonly name: string;
  readonly kind: string;
  readonly spec: string;
}

export function networksTable(access: Access): Networks {
  return {
    get: (name) =>
      access.read((sql) => {
        const row = sql.get<Stored>("SELECT name, kind, spec FROM networks WHERE name = ?", name);
        return row && parsed(row);
      }),
    put: (row) =>
      access.write((sql) => {
        const spec = JSON.stringify(row.spec ?? null);
        sql.run("INSERT OR REPLACE INTO networks VALUES (?, ?, ?)", row.name, row.kind, spec);
      }),
    remove: (name) => access.write((sql) => void sql.run("DELETE FROM networks WHERE name = ?", name)),
    list: () =>
      access.read((sql) =>
        sql.all<Stored>("SELECT name, kind, spec FROM networks ORDER BY name").map(parsed),
      ),
  };
}

const parsed = (row: Stored): NetworkRow => ({ ...row, spec: JSON.parse(row.spec) });
