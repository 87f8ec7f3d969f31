/** Published ports of this host: who has which, so that two endpoints never share one silently. */
import { isUnspecified } from "../addr/ip.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { formatOwner, type Owner } from "../model/owner.ts";
import type { Access } from "./access.ts";
import { dropOlderBoots } from "./boot-sweep.ts";
import type { PortClaim } from "./rows.ts";
import type { Sql } from "./sql.ts";

export interface Ports {
  /**
   * All of them or none. As with sockets, a port on any address and the same on one address exclude each other.
   * The owner may claim again what it has.
   *
   * @throws {CniError} 104 naming the port and its holder
   */
  claim(owner: string, claims: readonly PortClaim[]): void;
  release(owner: string): void;
}

export function portsTable(access: Access): Ports {
  return {
    claim: (owner, claims) => {
      if (claims.length === 0) return;
      const list = JSON.stringify(claims.map(entry));
      access.write((sql) => {
        dropOlderBoots(sql, access.bootId);
        refuseConflict(sql, owner, list);
        sql.run(insert, owner, list);
      });
    },
    release: (owner) => access.write((sql) => void sql.run("DELETE FROM ports WHERE owner = ?", owner)),
  };
}

/** The "" of `host_ip` stands for any address. */
function entry(claim: PortClaim): readonly [number, string, number, string] {
  const any = claim.hostIp === undefined || isUnspecified(claim.hostIp);
  return [claim.hostPort, claim.protocol, claim.family, any ? "" : (claim.hostIp ?? "")];
}

/** One statement for all claims: JSON goes in as a table. */
const wanted = `SELECT value ->> 0 AS port, value ->> 1 AS protocol, value ->> 2 AS family, value ->> 3 AS host_ip
  FROM json_each(?)`;

const insert = `INSERT OR IGNORE INTO ports (port, protocol, family, host_ip, owner)
  SELECT port, protocol, family, host_ip, ?1 FROM (${wanted.replace("?", "?2")})`;

const conflict = `SELECT held.port, held.protocol, held.host_ip AS hostIp, held.owner,
    e.network, e.container_id AS containerId, e.ifname
  FROM (${wanted}) AS w CROSS JOIN ports AS held USING (port, protocol, family)
  LEFT JOIN endpoints AS e ON e.key = held.owner
  WHERE held.owner <> ? AND (held.host_ip = w.host_ip OR held.host_ip = '' OR w.host_ip = '') LIMIT 1`;

interface Conflict extends Owner {
  readonly port: number;
  readonly protocol: string;
  readonly hostIp: string;
  readonly owner: string;
}

function refuseConflict(sql: Sql, owner: string, list: string): void {
  const held = sql.get<Conflict>(conflict, list, owner);
  if (held === undefined) return;
  const where = held.hostIp === "" ? "any address" : held.hostIp;
  const holder = held.network === null ? `endpoint ${held.owner}` : formatOwner(held);
  throw new CniError(
    errorCode.portTaken,
    `host port ${held.port}/${held.protocol} is taken by ${holder} (network/container/interface)`,
    {
      reason: "port-taken",
      details: `the holder published it on ${where}; choose another hostPort or hostIP`,
    },
  );
}
