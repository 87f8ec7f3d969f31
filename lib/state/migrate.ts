/** Brings a state file to the version of this executable. */
import { CniError, errorCode } from "../cni/error.ts";
import { applicationId, migrations, schemaVersion } from "./schema.ts";
import type { Sql } from "./sql.ts";

/** @returns false when the file is somebody else's @throws {CniError} 107 when a newer executable wrote it */
export function fitVersion(sql: Sql, path: string): boolean {
  const { version, application } = identity(sql);
  if (application !== applicationId) return false;
  if (version > schemaVersion)
    throw new CniError(
      errorCode.stateCorrupt,
      `state file ${path} has version ${version}, this executable knows up to ${schemaVersion}`,
      { reason: "state-version", details: "a newer executable wrote it: install that version again" },
    );
  if (version < schemaVersion) migrate(sql);
  return true;
}

function identity(sql: Sql): { readonly version: number; readonly application: number } {
  const text = `SELECT user_version AS version, application_id AS application
    FROM pragma_user_version, pragma_application_id`;
  return sql.get(text) ?? { version: 0, application: 0 };
}

/** Makes the tables, or brings them up to date; several processes may try at once. */
export function migrate(sql: Sql): void {
  sql.script("BEGIN IMMEDIATE");
  try {
    const { version } = identity(sql);
    for (const step of migrations.slice(version)) sql.script(step);
    sql.script(`PRAGMA user_version = ${schemaVersion}; COMMIT`);
  } catch (error) {
    sql.script("ROLLBACK");
    throw error;
  }
}

/** Whether all our tables are there: else a statement failed because of the file, not because it is wrong. */
export function hasTables(sql: Sql): boolean {
  const names = migrations.flatMap((step) =>
    [...step.matchAll(/CREATE TABLE (\w+)/g)].map(([, name]) => name),
  );
  const there = sql.all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'");
  return names.every((name) => there.some((table) => table.name === name));
}
