/** Leases: which endpoint has which address, and the choice of the next one. */
import type { Ip } from "../addr/ip.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { formatOwner } from "../model/owner.ts";
import type { Access } from "./access.ts";
import { type AddressKey, addressKey, addressOfKey } from "./address-key.ts";
import { dropOlderBoots } from "./boot-sweep.ts";
import { carveFresh, findFresh } from "./fresh.ts";
import { findReleased, putReleased, takeReleased } from "./released.ts";
import type { AddressInterval, Lease, LeaseOwner } from "./rows.ts";
import type { Sql } from "./sql.ts";

export interface Leases {
  held(key: string): Lease[];
  holder(network: string, address: Ip): Lease | undefined;
  list(network?: string): Lease[];
  /**
   * Gives the owner the next address: the lowest never used one of the first interval that has any, else the one
   * that was released longest ago.
   *
   * @returns undefined when none is free
   */
  takeNext(owner: LeaseOwner, intervals: readonly AddressInterval[]): Taken | undefined;
  /** Gives the owner this address; what it has already it keeps. @throws {CniError} 103 naming the holder */
  take(owner: LeaseOwner, address: Ip): void;
  /** Marks what the owner holds as held now, in this boot and this compartment. */
  renew(owner: LeaseOwner): void;
  /** Frees all the owner holds. @returns what that was */
  release(key: string): Lease[];
  /** Whether `takeNext` would find one. */
  hasFree(network: string, intervals: readonly AddressInterval[]): boolean;
}

export interface Taken {
  readonly address: Ip;
  /** How long it rested, if it was used before. */
  readonly restedMs?: number;
}

export interface StoredLease extends Omit<Lease, "address"> {
  readonly address: AddressKey;
}

export const selectLeases = `SELECT network, address, owner AS key, container_id AS containerId, ifname, netns,
  boot_id AS bootId, taken_ms AS takenMs FROM leases`;

export function leasesTable(access: Access): Leases {
  return {
    held: (key) =>
      access.read((sql) => sql.all<StoredLease>(`${selectLeases} WHERE owner = ?`, key).map(leaseOf)),
    holder: (network, address) => access.read((sql) => holderOf(sql, network, addressKey(address))),
    list: (network) => access.read((sql) => listed(sql, network)),
    takeNext: (owner, intervals) => access.write((sql) => takeNext(sql, access, owner, intervals)),
    take: (owner, address) => access.write((sql) => takeOne(sql, access, owner, address)),
    renew: (owner) => {
      const text = "UPDATE leases SET boot_id = ?, netns = ?, taken_ms = ? WHERE owner = ?";
      access.write((sql) => void sql.run(text, access.bootId, owner.netns, access.now(), owner.key));
    },
    release: (key) => access.write((sql) => release(sql, access, key)),
    hasFree: (network, intervals) =>
      access.read((sql) => {
        const fresh = intervals.some((i) => findFresh(sql, network, addressKey(i.first), addressKey(i.last)));
        return fresh || (intervals.length > 0 && findReleased(sql, network, intervals) !== undefined);
      }),
  };
}

function takeNext(
  sql: Sql,
  access: Access,
  owner: LeaseOwner,
  intervals: readonly AddressInterval[],
): Taken | undefined {
  if (intervals.length === 0) return undefined;
  dropOlderBoots(sql, access.bootId);
  for (const { first, last } of intervals) {
    const key = findFresh(sql, owner.network, addressKey(first), addressKey(last));
    if (key === undefined) continue;
    carveFresh(sql, owner.network, key);
    insert(sql, access, owner, key);
    return { address: addressOfKey(key) };
  }
  const released = findReleased(sql, owner.network, intervals);
  if (released === undefined) return undefined;
  takeReleased(sql, owner.network, released.address);
  insert(sql, access, owner, released.address);
  return { address: addressOfKey(released.address), restedMs: access.now() - released.releasedMs };
}

function takeOne(sql: Sql, access: Access, owner: LeaseOwner, address: Ip): void {
  dropOlderBoots(sql, access.bootId);
  const key = addressKey(address);
  const holder = holderOf(sql, owner.network, key);
  if (holder?.key === owner.key) return;
  if (holder !== undefined)
    throw new CniError(errorCode.addressTaken, `address ${address} is taken by ${formatOwner(holder)}`, {
      reason: "address-taken",
      details: "the holder is named as network/container/interface; it frees the address by DEL",
    });
  if (!takeReleased(sql, owner.network, key)) carveFresh(sql, owner.network, key);
  insert(sql, access, owner, key);
}

function release(sql: Sql, access: Access, key: string): Lease[] {
  const rows = sql.all<StoredLease>(`${selectLeases} WHERE owner = ? ORDER BY address`, key);
  for (const row of rows) {
    sql.run("DELETE FROM leases WHERE network = ? AND address = ?", row.network, row.address);
    putReleased(sql, row.network, row.address, access.now());
  }
  return rows.map(leaseOf);
}

function insert(sql: Sql, access: Access, owner: LeaseOwner, key: AddressKey): void {
  const { network, containerId, ifname, netns } = owner;
  sql.run(
    "INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    network,
    key,
    owner.key,
    containerId,
    ifname,
    netns,
    access.bootId,
    access.now(),
  );
}

function holderOf(sql: Sql, network: string, key: AddressKey): Lease | undefined {
  const row = sql.get<StoredLease>(`${selectLeases} WHERE network = ? AND address = ?`, network, key);
  return row && leaseOf(row);
}

function listed(sql: Sql, network: string | undefined): Lease[] {
  const rows =
    network === undefined
      ? sql.all<StoredLease>(`${selectLeases} ORDER BY network, address`)
      : sql.all<StoredLease>(`${selectLeases} WHERE network = ? ORDER BY address`, network);
  return rows.map(leaseOf);
}

export const leaseOf = (row: StoredLease): Lease => ({ ...row, address: addressOfKey(row.address) });
