/** The host's state: one SQLite file with networks, endpoints, published ports and leases. */
import { CniError, errorCode } from "../cni/error.ts";
import type { Access } from "./access.ts";
import { type Blocks, blocksTable } from "./blocks.ts";
import { type DhcpLeases, dhcpTable } from "./dhcp-leases.ts";
import { type Directories, directoriesTable } from "./directories.ts";
import { type Endpoints, endpointsTable } from "./endpoints.ts";
import { type Fixed, fixedTable } from "./fixed.ts";
import { type Leases, leasesTable } from "./leases.ts";
import { type Networks, networksTable } from "./networks.ts";
import { type Pools, poolsTable } from "./pools.ts";
import { type Ports, portsTable } from "./ports.ts";
import type { Recovered, RecoveredLease } from "./rows.ts";
import { openSession } from "./session.ts";

export interface StoreOptions {
  /** Absolute path of the folder. */
  readonly dataDir: string;
  /** Changes with every boot of the host: `readBootId`. */
  readonly bootId: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly warn: (text: string) => void;
  /**
   * What the kernel's objects say, called when the file is damaged or made anew. A process that cannot ask the kernel
   * leaves it out; then the next one that can is called for it.
   */
  readonly recover?: () => Recovered;
  /** Addresses in use as anybody else remembers them, called likewise. */
  readonly recoverLeases?: () => readonly RecoveredLease[];
  /**
   * What a missing file means: ADD makes it ("create"); for the other verbs it is as good as an empty one, and stays
   * missing ("empty").
   */
  readonly whenMissing?: "create" | "empty";
}

export interface Store {
  /** Absolute path of the folder. */
  readonly dataDir: string;
  /** Of the host, now. */
  readonly bootId: string;
  /**
   * All or nothing, with one writer on the host at a time; calls within join. May run `fn` twice when the file turns
   * out damaged and was rebuilt, so `fn` does nothing but ask and change this store.
   *
   * @throws {CniError} 11 locked for 5 s, 5 unwritable or disk full, 107 damaged or of a newer version
   */
  transaction<T>(fn: () => T): T;
  readonly networks: Networks;
  readonly endpoints: Endpoints;
  readonly ports: Ports;
  readonly leases: Leases;
  /** What DHCP servers lent. */
  readonly dhcp: DhcpLeases;
  readonly directories: Directories;
  /** Another one when somebody else has written; undefined while there is no file. */
  version(): number | undefined;
  readonly pools: Pools;
  readonly blocks: Blocks;
  readonly fixed: Fixed;
  /** Ends the use of this store; another may be opened. */
  close(): void;
}

/** Name of the file within `dataDir`. */
export const stateFileName = "state.db";

/** The file is opened at the first use. @throws {CniError} 7 when `dataDir` is no absolute path */
export function openStore(options: StoreOptions): Store {
  const { dataDir } = options;
  if (!dataDir.startsWith("/"))
    throw new CniError(errorCode.invalidConfig, `dataDir "${dataDir}" is no absolute path`, {
      reason: "data-dir-relative",
    });
  const path = `${dataDir}${dataDir.endsWith("/") ? "" : "/"}${stateFileName}`;
  const source = { ...options, path };
  const session = openSession(source, options.whenMissing !== "empty");
  const access: Access = { bootId: options.bootId, now: options.now, ...session };
  return {
    dataDir,
    bootId: options.bootId,
    transaction: (fn) => session.write(fn),
    networks: networksTable(access),
    endpoints: endpointsTable(access),
    ports: portsTable(access),
    leases: leasesTable(access),
    dhcp: dhcpTable(access),
    directories: directoriesTable(access),
    version: () =>
      access.read((sql) => sql.get<{ data_version: number }>("PRAGMA data_version")?.data_version),
    pools: poolsTable(access),
    blocks: blocksTable(access),
    fixed: fixedTable(access),
    close: session.close,
  };
}
