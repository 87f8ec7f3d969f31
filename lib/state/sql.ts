/** One connection to a state file, as far as the tables need it. */
import { Database, type SQLQueryBindings } from "bun:sqlite";

export interface Sql {
  /** The first row, or undefined. */
  get<Row>(text: string, ...values: SQLQueryBindings[]): Row | undefined;
  all<Row>(text: string, ...values: SQLQueryBindings[]): Row[];
  /** @returns how many rows changed */
  run(text: string, ...values: SQLQueryBindings[]): number;
  /** Several statements without values. */
  script(text: string): void;
  close(): void;
}

/**
 * How long one waits for another process's transaction. Each takes milliseconds, but nobody is promised his turn: a
 * hundred ADDs at once on a busy machine have waited for more than 5 s. Runtimes wait for minutes.
 */
export const busyTimeoutMs = 15_000;

/**
 * Opens an existing file. Statements are compiled at their first use and kept.
 *
 * WAL is a property of the file; NORMAL costs no fsync per transaction and survives every crash of a process.
 *
 * @throws {SQLiteError}
 */
export function openSql(path: string): Sql {
  const database = new Database(path, { readwrite: true, create: false, strict: true });
  const sql: Sql = {
    get: <Row>(text: string, ...values: SQLQueryBindings[]) =>
      database.query<Row, SQLQueryBindings[]>(text).get(...values) ?? undefined,
    all: <Row>(text: string, ...values: SQLQueryBindings[]) =>
      database.query<Row, SQLQueryBindings[]>(text).all(...values),
    run: (text, ...values) => database.query(text).run(...values).changes,
    script: (text) => void database.run(text),
    close: () => database.close(),
  };
  sql.script(`PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA synchronous = NORMAL`);
  return sql;
}

/** SQLite has rolled back by itself after some errors: then there is nothing left to do. */
export function rollBack(sql: Sql): void {
  try {
    sql.script("ROLLBACK");
  } catch {
    // The error that led here says more.
  }
}

/** Stands for a file that is not there and shall not be made: nothing is found, nothing is removed. */
export const emptySql: Sql = {
  get: () => undefined,
  all: () => [],
  run: (text) => {
    if (text.startsWith("INSERT"))
      throw new TypeError("this store was opened without the will to make its file");
    return 0;
  },
  script: () => undefined,
  close: () => undefined,
};
