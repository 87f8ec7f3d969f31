/** The use of one state file by one process: connections, transactions, and what to do when the file is damaged. */
import { CniError, errorCode } from "../cni/error.ts";
import { statFile } from "../os/stat.ts";
import type { Access } from "./access.ts";
import { type Connection, connect } from "./connect.ts";
import { isDamage } from "./damage.ts";
import { rollBack, type Sql } from "./sql.ts";
import { isSqliteError, stateError } from "./state-error.ts";
import { type FileSource, setAside } from "./state-file.ts";

export interface Session extends Pick<Access, "read" | "write"> {
  close(): void;
}

/** The file is opened at the first use. @param create whether a missing file is made */
export function openSession(source: FileSource, create: boolean): Session {
  const { path } = source;
  let connection: Connection | undefined;
  let inTransaction = false;
  const current = (): Connection => {
    connection ??= onFile(path, () => connect(source, create));
    return connection;
  };
  const replace = ({ inode, sql }: Connection, why: string): void => {
    sql.close();
    connection = undefined;
    if (inode !== undefined) onFile(path, () => setAside(source, inode, why));
  };
  const reopen = ({ sql }: Connection): void => {
    sql.close();
    connection = undefined;
  };
  const write = <T>(fn: (sql: Sql) => T): T => {
    if (inTransaction) return fn(current().sql);
    return attempt(path, current, replace, reopen, (opened) => {
      inTransaction = true;
      try {
        return transact(opened, path, fn);
      } finally {
        inTransaction = false;
      }
    });
  };
  const read = <T>(fn: (sql: Sql) => T): T =>
    inTransaction ? fn(current().sql) : attempt(path, current, replace, reopen, ({ sql }) => fn(sql));
  const close = (): void => {
    if (connection?.inode !== undefined && walBytes(path) > largeWalBytes) connection.sql.close();
    connection = undefined;
  };
  return { read, write, close };
}

/** Runs it; when the file proves damaged, or was replaced by somebody who found it so, once more with the new one. */
function attempt<T>(
  path: string,
  current: () => Connection,
  replace: (damaged: Connection, why: string) => void,
  reopen: (stale: Connection) => void,
  fn: (opened: Connection) => T,
): T {
  const connection = current();
  try {
    return fn(connection);
  } catch (error) {
    // One that is only gone was taken away by hand: nobody can tell what it said.
    if (isReplaced(error) && statFile(path) !== undefined) {
      reopen(connection);
      return onFile(path, () => fn(current()));
    }
    if (!isSqliteError(error)) throw error;
    if (!isDamage(error, connection.sql)) throw stateError(error, path);
    replace(connection, String(error));
    return onFile(path, () => fn(current()));
  }
}

const isReplaced = (error: unknown): boolean =>
  error instanceof CniError && error.reason === "state-replaced";

/** Failures of the file system and of SQLite in CNI's words. */
function onFile<T>(path: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw stateError(error, path);
  }
}

function transact<T>({ sql, inode }: Connection, path: string, fn: (sql: Sql) => T): T {
  sql.script("BEGIN IMMEDIATE");
  try {
    const result = fn(sql);
    // Another process may have set this very file aside: what is written there would be lost.
    if (inode !== undefined && statFile(path)?.inode !== inode)
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

/**
 * SQLite's own close writes the log back into the file, with three fsyncs, whenever nobody else has it open: for a
 * process that lives 10 ms and changes one row that is most of its work. Until the log has grown to this it is left
 * to the next process, which reads it in less than 0.3 ms. Bun closes what is open at exit, so this takes effect in a
 * process that leaves by _exit(2).
 */
const largeWalBytes = 1024 * 1024;

const walBytes = (path: string): number => statFile(`${path}-wal`)?.size ?? 0;
