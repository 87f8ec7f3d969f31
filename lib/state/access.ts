/** How the tables reach the state file. */
import type { Sql } from "./sql.ts";

export interface Access {
  readonly bootId: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** One statement, or several within a transaction that is open. May run twice (the file was rebuilt). */
  read<T>(fn: (sql: Sql) => T): T;
  /** All or nothing, one writer at a time; joins the transaction that is open. May run twice. */
  write<T>(fn: (sql: Sql) => T): T;
}
