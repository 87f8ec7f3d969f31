/** Brings a state file to the version of this executable. */
import { CniError, errorCode } from "../cni/error.ts";
import { applicationId, migrations, schemaVersion, unprovedId } from "./schema.ts";
import { rollBack, type Sql } from "./sql.ts";

/**
 * @returns whose the file is: ours, ours but never compared with the kernel, or somebody else's
 * @throws {CniError} 107 when a newer executable wrote it
 */
export function fitVersion(sql: Sql, path: string): "ours" | "unproved" | "foreign" {
  const { version, application } = identity(sql);
  if (application !== applicationId && application !== unprovedId) return "foreign";
  if (version > schemaVersion)
    throw new CniError(
      errorCode.stateCorrupt,
      `state file ${path} has version ${version}, this executable knows up to ${schemaVersion}`,
      { reason: "state-version", details: "a newer executable wrote it: install that version again" },
    );
  if (version < schemaVersion) migrate(sql);
  return application === unprovedId ? "unproved" : "ours";
}

export function identity(sql: Sql): { readonly version: number; readonly application: number } {
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
    rollBack(sql);
    throw error;
  }
}
