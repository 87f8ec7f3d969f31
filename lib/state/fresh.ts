/**
 * Addresses never used, as extents: rows (first, last) that neither overlap nor touch.
 *
 * A network starts with one extent that holds everything, whatever its ranges are: those only say where to look. So
 * a range may change, grow or overlap another one without anything to convert, and a /8 costs what a /28 costs.
 */
import { type AddressKey, compareKeys, firstKey, lastKey, nextKey, previousKey } from "./address-key.ts";
import type { Sql } from "./sql.ts";

interface Extent {
  readonly first: AddressKey;
  readonly last: AddressKey;
}

/** @returns the lowest address never used between the two (included), or undefined */
export function findFresh(
  sql: Sql,
  network: string,
  first: AddressKey,
  last: AddressKey,
): AddressKey | undefined {
  const extent = extentAt(sql, network, first);
  if (extent === undefined || compareKeys(extent.first, last) > 0) return undefined;
  return compareKeys(extent.first, first) > 0 ? extent.first : first;
}

/** Takes one address out. @returns false when it is in no extent */
export function carveFresh(sql: Sql, network: string, address: AddressKey): boolean {
  const extent = extentAt(sql, network, address);
  if (extent === undefined || compareKeys(extent.first, address) > 0) return false;
  if (extent === everything) sql.run(insert, network, lastKey, firstKey);
  const { first, last } = extent;
  if (compareKeys(address, last) === 0) sql.run(remove, network, last);
  else sql.run("UPDATE fresh SET first = ? WHERE network = ? AND last = ?", nextKey(address), network, last);
  if (compareKeys(first, address) < 0) sql.run(insert, network, previousKey(address), first);
  return true;
}

/** Puts one address back and joins it with its neighbours. */
export function mergeFresh(sql: Sql, network: string, address: AddressKey): void {
  const above = extentAt(sql, network, address);
  const belowLast = previousKey(address);
  const below = sql.get<Extent>(
    "SELECT first, last FROM fresh WHERE network = ? AND last = ?",
    network,
    belowLast,
  );
  if (below) sql.run(remove, network, belowLast);
  const first = below?.first ?? address;
  if (above && compareKeys(above.first, nextKey(address)) === 0)
    sql.run("UPDATE fresh SET first = ? WHERE network = ? AND last = ?", first, network, above.last);
  else sql.run(insert, network, address, first);
}

const insert = "INSERT INTO fresh (network, last, first) VALUES (?, ?, ?)";
const remove = "DELETE FROM fresh WHERE network = ? AND last = ?";

/** The extent that holds the address, else the next one above it. */
function extentAt(sql: Sql, network: string, address: AddressKey): Extent | undefined {
  const text = "SELECT first, last FROM fresh WHERE network = ? AND last >= ? ORDER BY last LIMIT 1";
  const found = sql.get<Extent>(text, network, address);
  if (found !== undefined) return found;
  // The last address of all is never given out: without any extent the network is new.
  if (sql.get("SELECT 1 FROM fresh WHERE network = ? LIMIT 1", network)) return undefined;
  return everything;
}

/** Of a network that has no row yet. */
const everything: Extent = { first: firstKey, last: lastKey };
