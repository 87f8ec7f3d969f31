/** The host's state: one SQLite file with networks, endpoints, published ports and leases. */
import { statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { CniError, errorCode } from "../cni/error.ts";
import type { Access } from "./access.ts";
import { type Connection, connect } from "./connect.ts";
import { isDamage } from "./damage.ts";
import { type Endpoints, endpointsTable } from "./endpoints.ts";
import { type Leases, leasesTable } from "./leases.ts";
import { type Networks, networksTable } from "./networks.ts";
import { type Ports, portsTable } from "./ports.ts";
import type { Recovered, RecoveredLease } from "./rows.ts";
import { rollBack, type Sql } from "./sql.ts";
import { stateError } from "./state-error.ts";
import { setAside } from "./state-file.ts";

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
  /** Ends the use of this store; another may be opened. */
  close(): void;
}

/** Name of the file within `dataDir`. */
export const stateFileName = "state.db";

/** The file is opened at the first use. @throws {CniError} 7 when `dataDir` is no absolute path */
export function openStore(options: StoreOptions): Store {
  if (!isAbsolute(options.dataDir))
    throw new CniError(
      errorCode.invalidConfig,
      `dataDir must be an absolute path, not "${options.dataDir}"`,
      {
        reason: "data-dir-relative",
      },
    );
  const session = openSession(options);
  const access: Access = { bootId: options.bootId, now: options.now, ...session };
  return {
    transaction: (fn) => session.write(fn),
    networks: networksTable(access),
    endpoints: endpointsTable(access),
    ports: portsTable(access),
    leases: leasesTable(access),
    close: session.close,
  };
}

interface Session extends Pick<Access, "read" | "write"> {
  close(): void;
}

function openSession(options: StoreOptions): Session {
  const path = join(options.dataDir, stateFileName);
  const source = { ...options, path };
  let connection: Connection | undefined;
  let inTransaction = false;
  const current = (): Connection => {
    connection ??= connect(source, options.whenMissing !== "empty");
    return connection;
  };
  const drop = (): void => {
    connection?.sql.close();
    connection = undefined;
  };
  const close = (): void => {
    if (connection?.inode !== undefined && walBytes(path) > largeWalBytes) drop();
    connection = undefined;
  };
  /** Runs it; when the file proves damaged, once more with the file rebuilt. */
  const attempt = <T>(fn: () => T): T => {
    try {
      try {
        return fn();
      } catch (error) {
        if (connection?.inode === undefined || !isDamage(error, connection.sql)) throw error;
        const { inode } = connection;
        drop();
        setAside(source, inode, String(error));
        return fn();
      }
    } catch (error) {
      throw stateError(error, path);
    }
  };
  const write = <T>(fn: (sql: Sql) => T): T => {
    if (inTransaction) return fn(current().sql);
    return attempt(() => {
      inTransaction = true;
      try {
        return transact(current(), path, fn);
      } finally {
        inTransaction = false;
      }
    });
  };
  const read = <T>(fn: (sql: Sql) => T): T =>
    inTransaction ? fn(current().sql) : attempt(() => fn(current().sql));
  return { read, write, close };
}

/**
 * SQLite's own close writes the log back into the file, with three fsyncs, whenever nobody else has it open: for a
 * process that lives 10 ms and changes one row that is most of its work. Until the log has grown to this it is left
 * to the next process, which reads it in less than 0.3 ms. Bun closes what is open at exit, so this takes effect in a
 * process that leaves by _exit(2).
 */
const largeWalBytes = 1024 * 1024;

const walBytes = (path: string): number => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;

function transact<T>({ sql, inode }: Connection, path: string, fn: (sql: Sql) => T): T {
  sql.script("BEGIN IMMEDIATE");
  try {
    const result = fn(sql);
    // Another process may have set this very file aside: what is written there would be lost.
    if (inode !== undefined && statSync(path, { throwIfNoEntry: false })?.ino !== inode)
      throw new CniError(errorCode.tryAgainLater, `state file ${path} was replaced meanwhile`, {
        reason: "state-replaced",
      });
    sql.script("COMMIT");
    return result;
  } catch (error) {
    rollBack(sql);
    throw error;
  }
}
