/** Networks whose addresses are dealt out among hosts by a directory, and when this host last asked it. */
import type { Access } from "./access.ts";

export interface PoolRow {
  readonly network: string;
  /** Plain data, kept as JSON: where the directory is, and how the network is dealt out. */
  readonly spec: unknown;
  /** When the directory last said that the blocks are this host's, in milliseconds since 1970. */
  readonly checkedMs: number;
  /** In which boot that was. */
  readonly bootId: string;
  /** When it was last asked for that, with or without an answer. */
  readonly triedMs: number;
}

export interface Pools {
  get(network: string): PoolRow | undefined;
  put(row: PoolRow): void;
  list(): PoolRow[];
}

interface StoredPool extends PoolRow {
  readonly spec: string;
}

const select =
  "SELECT network, spec, checked_ms AS checkedMs, boot_id AS bootId, tried_ms AS triedMs FROM pools";

export function poolsTable(access: Access): Pools {
  return {
    get: (network) =>
      access.read((sql) => {
        const row = sql.get<StoredPool>(`${select} WHERE network = ?`, network);
        return row && poolOf(row);
      }),
    put: ({ network, spec, checkedMs, bootId, triedMs }) =>
      access.write(
        (sql) =>
          void sql.run(
            "INSERT OR REPLACE INTO pools VALUES (?, ?, ?, ?, ?)",
            network,
            JSON.stringify(spec),
            checkedMs,
            bootId,
            triedMs,
          ),
      ),
    list: () => access.read((sql) => sql.all<StoredPool>(`${select} ORDER BY network`).map(poolOf)),
  };
}

const poolOf = (row: StoredPool): PoolRow => ({ ...row, spec: JSON.parse(row.spec) });
