/** Addresses that were used and are free again, in the order of their release. */
import type { SQLQueryBindings } from "bun:sqlite";
import { type AddressKey, addressKey } from "./address-key.ts";
import { mergeFresh } from "./fresh.ts";
import type { AddressInterval } from "./rows.ts";
import type { Sql } from "./sql.ts";

export interface Released {
  readonly seq: number;
  readonly network: string;
  readonly address: AddressKey;
  /** Milliseconds since 1970. The clock may have jumped, so `seq` decides the order. */
  readonly releasedMs: number;
}

const columns = "SELECT seq, network, address, released_ms AS releasedMs FROM released";

/** The one among the intervals that rests longest. */
export function findReleased(
  sql: Sql,
  network: string,
  intervals: readonly AddressInterval[],
): Released | undefined {
  const within = intervals.map(() => "address BETWEEN ? AND ?").join(" OR ");
  const values: SQLQueryBindings[] = intervals.flatMap((i) => [addressKey(i.first), addressKey(i.last)]);
  // Reads the index from its oldest end and stops at the first that fits.
  const text = `${columns} INDEXED BY released_order WHERE network = ? AND (${within}) ORDER BY seq LIMIT 1`;
  return sql.get<Released>(text, network, ...values);
}

/** @returns false when the address is not among them */
export function takeReleased(sql: Sql, network: string, address: AddressKey): boolean {
  return sql.run("DELETE FROM released WHERE network = ? AND address = ?", network, address) > 0;
}

export function putReleased(sql: Sql, network: string, address: AddressKey, nowMs: number): void {
  const text = "INSERT OR REPLACE INTO released (network, address, released_ms) VALUES (?, ?, ?)";
  sql.run(text, network, address, nowMs);
  forget(sql, network, nowMs);
}

/** So many releases are remembered per network at least ... */
const rememberedCount = 65_536;
/** ... and for so long: after that an address is as good as one never used. */
const rememberedMs = 3_600_000;

/**
 * Keeps the history of a network that never runs out of fresh addresses (an IPv6 /64) from growing for ever: each
 * release gives up to two old addresses back to the extents.
 */
function forget(sql: Sql, network: string, nowMs: number): void {
  const oldest = sql.all<Released>(`${columns} WHERE network = ? ORDER BY seq LIMIT 2`, network);
  const newest = sql.get<{ seq: number }>("SELECT max(seq) AS seq FROM released WHERE network = ?", network);
  for (const row of oldest) {
    // The distance bounds the count from above without counting.
    if ((newest?.seq ?? 0) - row.seq < rememberedCount || nowMs - row.releasedMs < rememberedMs) return;
    takeReleased(sql, network, row.address);
    mergeFresh(sql, network, row.address);
  }
}
