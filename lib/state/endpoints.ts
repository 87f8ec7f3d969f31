/** Endpoints: a row is written before the kernel is touched, so a process killed at any instruction leaves a trace. */
import type { Plan } from "../model/plan.ts";
import type { Access } from "./access.ts";
import type { EndpointRow } from "./rows.ts";

export interface Endpoints {
  get(key: string): EndpointRow | undefined;
  put(row: EndpointRow): void;
  /** @returns false when the row is gone: DEL or GC came in between */
  setPhase(key: string, phase: EndpointRow["phase"]): boolean;
  /** With the ports it published. What is not there is removed already. */
  remove(key: string): void;
  list(network?: string): EndpointRow[];
}

export interface StoredEndpoint extends Omit<EndpointRow, "plan"> {
  readonly plan: string | null;
}

export const selectEndpoints = `SELECT key, network, container_id AS containerId, ifname, netns, phase, plan,
  boot_id AS bootId, created_ms AS createdMs FROM endpoints`;

export function endpointsTable(access: Access): Endpoints {
  return {
    get: (key) =>
      access.read((sql) => {
        const row = sql.get<StoredEndpoint>(`${selectEndpoints} WHERE key = ?`, key);
        return row && endpointOf(row);
      }),
    put: (row) => access.write((sql) => void sql.run(insert, ...values(row))),
    setPhase: (key, phase) =>
      access.write((sql) => sql.run("UPDATE endpoints SET phase = ? WHERE key = ?", phase, key) > 0),
    remove: (key) =>
      access.write((sql) => {
        sql.run("DELETE FROM ports WHERE owner = ?", key);
        sql.run("DELETE FROM endpoints WHERE key = ?", key);
      }),
    list: (network) =>
      access.read((sql) =>
        (network === undefined
          ? sql.all<StoredEndpoint>(`${selectEndpoints} ORDER BY created_ms, key`)
          : sql.all<StoredEndpoint>(`${selectEndpoints} WHERE network = ? ORDER BY created_ms, key`, network)
        ).map(endpointOf),
      ),
  };
}

const insert = "INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";

function values(row: EndpointRow): (string | number | null)[] {
  const plan = row.plan === null ? null : JSON.stringify(row.plan);
  const owner = [row.key, row.network, row.containerId, row.ifname, row.netns];
  return [...owner, row.phase, plan, row.bootId, row.createdMs];
}

export const endpointOf = (row: StoredEndpoint): EndpointRow => ({ ...row, plan: planOf(row.plan) });

/** A plan that cannot be read is none: DEL then goes by the marks on kernel objects. */
function planOf(text: string | null): Plan | null {
  try {
    return text === null ? null : (JSON.parse(text) as Plan);
  } catch {
    return null;
  }
}
