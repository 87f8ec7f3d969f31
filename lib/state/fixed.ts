/**
 * Single addresses that this host has claimed in a directory for a container that asked for them. A row without a lease of
 * its container (DEL, GC or a reboot took it) is one to be given back.
 */
import type { Ip } from "../addr/ip.ts";
import type { Access } from "./access.ts";
import { type AddressKey, addressKey, addressOfKey } from "./address-key.ts";

export interface FixedRow {
  readonly network: string;
  readonly address: Ip;
  /** Of the container's interface: `ownerKey`. */
  readonly key: string;
  /** Of its record in the directory, as decimal text. */
  readonly revision: string;
  /** Milliseconds since 1970. */
  readonly claimedMs: number;
}

export interface Fixed {
  get(network: string, address: Ip): FixedRow | undefined;
  list(network?: string): FixedRow[];
  /** Takes the place of what is known of the address. */
  put(row: FixedRow): void;
  remove(network: string, address: Ip): void;
}

interface StoredFixed extends Omit<FixedRow, "address"> {
  readonly address: AddressKey;
}

const select = "SELECT network, address, owner AS key, revision, claimed_ms AS claimedMs FROM fixed";

export function fixedTable(access: Access): Fixed {
  return {
    get: (network, address) =>
      access.read((sql) => {
        const text = `${select} WHERE network = ? AND address = ?`;
        const row = sql.get<StoredFixed>(text, network, addressKey(address));
        return row && fixedOf(row);
      }),
    list: (network) =>
      access.read((sql) =>
        (network === undefined
          ? sql.all<StoredFixed>(`${select} ORDER BY network, address`)
          : sql.all<StoredFixed>(`${select} WHERE network = ? ORDER BY address`, network)
        ).map(fixedOf),
      ),
    put: ({ network, address, key, revision, claimedMs }) =>
      access.write((sql) => {
        const values = [network, addressKey(address), key, revision, claimedMs];
        sql.run("INSERT OR REPLACE INTO fixed VALUES (?, ?, ?, ?, ?)", ...values);
      }),
    remove: (network, address) =>
      access.write(
        (sql) =>
          void sql.run("DELETE FROM fixed WHERE network = ? AND address = ?", network, addressKey(address)),
      ),
  };
}

const fixedOf = (row: StoredFixed): FixedRow => ({ ...row, address: addressOfKey(row.address) });
