/** Leases of DHCP servers: written by ADD, kept up by the agent, removed by DEL. */
import type { Family } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Lease4 } from "../dhcp/lease.ts";
import type { Lease6 } from "../dhcp/v6/lease.ts";
import type { Access } from "./access.ts";
import { dropOlderBoots } from "./boot-sweep.ts";
import type { DhcpRow } from "./rows.ts";

export interface DhcpLeases {
  /** One for each family at most. */
  held(key: string): DhcpRow[];
  /** Takes the place of what the owner had of this family. */
  put(row: DhcpRow): void;
  /** As `put`, for one that is still there. @returns false when DEL or GC removed it in between */
  update(row: DhcpRow): boolean;
  /** What is not there is removed already. @param family absent: both */
  remove(key: string, family?: Family): void;
  list(): DhcpRow[];
}

export interface StoredDhcp {
  readonly key: string;
  readonly family: Family;
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly netns: string;
  readonly device: string;
  readonly mac: string;
  readonly clientId: Uint8Array;
  /** "" for none. */
  readonly hostname: string;
  readonly bootId: string;
  readonly lease: string;
}

export const selectDhcp = `SELECT key, family, network, container_id AS containerId, ifname, netns, device, mac,
  client_id AS clientId, hostname, boot_id AS bootId, lease FROM dhcp`;

export function dhcpTable(access: Access): DhcpLeases {
  return {
    held: (key) =>
      access.read((sql) =>
        sql.all<StoredDhcp>(`${selectDhcp} WHERE key = ? ORDER BY family`, key).map(dhcpOf),
      ),
    put: (row) =>
      access.write((sql) => {
        dropOlderBoots(sql, access.bootId);
        sql.run(insert, ...values(row));
      }),
    update: (row) =>
      access.write((sql) => {
        const there = sql.get("SELECT 1 FROM dhcp WHERE key = ? AND family = ?", row.key, row.family);
        if (there !== undefined) sql.run(insert, ...values(row));
        return there !== undefined;
      }),
    remove: (key, family) =>
      access.write(
        (sql) =>
          void sql.run(
            "DELETE FROM dhcp WHERE key = ?1 AND family = ifnull(?2, family)",
            key,
            family ?? null,
          ),
      ),
    list: () => access.read((sql) => sql.all<StoredDhcp>(`${selectDhcp} ORDER BY key, family`).map(dhcpOf)),
  };
}

const insert = "INSERT OR REPLACE INTO dhcp VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

function values(row: DhcpRow): (string | number | Uint8Array)[] {
  const { key, family, network, containerId, ifname, netns } = row;
  const { device, mac, clientId, hostname = "", bootId, lease } = row;
  const owner = [key, family, network, containerId, ifname, netns];
  return [...owner, device, mac, clientId, hostname, bootId, JSON.stringify(lease)];
}

export function dhcpOf({ family, hostname, mac, lease, clientId, ...owner }: StoredDhcp): DhcpRow {
  const common = {
    ...owner,
    mac: mac as Mac,
    clientId: Uint8Array.from(clientId),
    ...(hostname !== "" && { hostname }),
  };
  return family === 4
    ? { ...common, family, lease: JSON.parse(lease) as Lease4 }
    : { ...common, family, lease: JSON.parse(lease) as Lease6 };
}
