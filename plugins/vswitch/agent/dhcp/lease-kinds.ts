/** What the keeper does differently for the two families. */
import { linkLocal as linkLocalOf } from "../../../../lib/addr/mac.ts";
import { hostPrefix } from "../../../../lib/addr/prefix.ts";
import type { Lease4 } from "../../../../lib/dhcp/lease.ts";
import { client6 } from "../../../../lib/dhcp/obtain-lease6.ts";
import type { Session } from "../../../../lib/dhcp/session.ts";
import { resumedSession4 } from "../../../../lib/dhcp/v4/session.ts";
import type { Lease6 } from "../../../../lib/dhcp/v6/lease.ts";
import { resumedSession6 } from "../../../../lib/dhcp/v6/session.ts";
import type { DhcpLink, LeaseSettings } from "../../../../lib/seam/dhcp-backend.ts";
import type { DhcpRow } from "../../../../lib/state/rows.ts";

export type AnyLease = Lease4 | Lease6;

/** The first step for a lease whose T1 is over: it asks, or finds that all is over. */
export function resumed(
  row: DhcpRow,
  { mac, linkLocal = linkLocalOf(mac) }: DhcpLink,
  nowMs: number,
  random: () => number,
): Session<AnyLease> {
  if (row.family === 6) {
    const client = client6({ mac, linkLocal, duid: row.clientId, key: row.key, random });
    return resumedSession6(client, row.lease, nowMs);
  }
  const { clientId, hostname, lease } = row;
  return resumedSession4(
    { mac, clientId, random, ...(hostname !== undefined && { hostname }) },
    lease,
    nowMs,
  );
}

/** DHCPv6 lends an address alone. */
export function settingsOf(row: DhcpRow): LeaseSettings {
  if (row.family === 6) return { address: hostPrefix(row.lease.address), routes: [] };
  const { address, routes, mtu } = row.lease;
  return { address, routes, ...(mtu !== undefined && { mtu }) };
}

/** A session gives leases of the family of its row. */
export function withLease(row: DhcpRow, lease: AnyLease): DhcpRow {
  return { ...row, lease } as DhcpRow;
}

/** Kept until there is another: whoever begins anew with it finds that it is over. */
export function overdue(row: DhcpRow, nowMs: number): DhcpRow {
  const over = { renewMs: nowMs, rebindMs: nowMs, expiresMs: nowMs };
  return withLease(row, { ...row.lease, ...over });
}
