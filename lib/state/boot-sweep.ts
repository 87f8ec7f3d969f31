/** What a reboot leaves behind: every compartment is gone, and with it the right to an address or a port. */
import type { Sql } from "./sql.ts";

/**
 * Frees leases of ours and of DHCP, ports and endpoints of older boots, once per boot: later calls read one row.
 *
 * Addresses become free in the order they were taken, so the longest known is the first to be used again.
 */
export function dropOlderBoots(sql: Sql, bootId: string): void {
  if (sql.get<{ value: string }>("SELECT value FROM meta WHERE key = 'boot'")?.value === bootId) return;
  sql.run(
    `INSERT OR IGNORE INTO released (network, address, released_ms)
      SELECT network, address, taken_ms FROM leases WHERE boot_id <> ? ORDER BY taken_ms, address`,
    bootId,
  );
  sql.run("DELETE FROM leases WHERE boot_id <> ?", bootId);
  sql.run("DELETE FROM ports WHERE owner IN (SELECT key FROM endpoints WHERE boot_id <> ?)", bootId);
  sql.run("DELETE FROM endpoints WHERE boot_id <> ?", bootId);
  // The container that takes its place asks as the same client, so the server gives it the same address.
  sql.run("DELETE FROM dhcp WHERE boot_id <> ?", bootId);
  sql.run("INSERT OR REPLACE INTO meta VALUES ('boot', ?)", bootId);
}
