/** How full a host's blocks of a network are. */
import { type Family, type Ip, ipNumber } from "../addr/ip.ts";
import { contains, prefixFamily } from "../addr/prefix.ts";
import type { BlockRow } from "../state/blocks.ts";
import type { Lease } from "../state/rows.ts";
import type { Store } from "../state/store.ts";
import { blockRange, type Pool } from "./pool.ts";

export interface Fill {
  readonly row: BlockRow;
  /** Addresses that containers may get. */
  readonly size: number;
  /** Of containers that may be alive. */
  readonly leases: readonly Lease[];
}

/** Of blocks that addresses are given out of, oldest first. */
export function fills(store: Store, pool: Pool, family?: Family): readonly Fill[] {
  const { network } = pool;
  const leases = store.leases.list(network).filter(({ bootId }) => bootId === store.bootId);
  return store.blocks.list(network).flatMap((row) => {
    const range = blockRange(pool, row.prefix);
    if (row.lostMs !== undefined || range === undefined) return [];
    if (family !== undefined && prefixFamily(row.prefix) !== family) return [];
    const size = Number(ipNumber(range.last) - ipNumber(range.first) + 1n);
    return [{ row, size, leases: leases.filter(({ address }) => contains(row.prefix, address)) }];
  });
}

/** Whether a container would get an address. */
export function hasRoom(store: Store, pool: Pool, family: Family): boolean {
  const ranges = fills(store, pool, family).flatMap(({ row }) => blockRange(pool, row.prefix) ?? []);
  return store.leases.hasFree(pool.network, ranges);
}

/** Whether an address is this host's to give. */
export function isInOwnBlock(store: Store, pool: Pool, address: Ip): boolean {
  return fills(store, pool).some(({ row }) => contains(row.prefix, address));
}

/** `10.40.1.0/26: 61 of 61 addresses leased`. */
export function formatFills(all: readonly Fill[]): string {
  return all
    .map(({ row, size, leases }) => `${row.prefix}: ${leases.length} of ${size} addresses leased`)
    .join("; ");
}

/** Blocks are kept ahead of need by these. */
const fewest = 8;
const quarter = 4;

/** Whether so many free ones of so many are too few. */
export const isScarce = (free: number, size: number): boolean => free < fewest || free * quarter < size;

export interface Totals {
  readonly size: number;
  readonly free: number;
}

export function totals(all: readonly Fill[]): Totals {
  const size = all.reduce((sum, each) => sum + each.size, 0);
  const used = all.reduce((sum, each) => sum + each.leases.length, 0);
  return { size, free: size - used };
}

export const isEmpty = ({ leases }: Fill): boolean => leases.length === 0;
