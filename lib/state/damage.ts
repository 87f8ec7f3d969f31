/** Whether a failure means that the file is damaged. */
import { migrations } from "./schema.ts";
import type { Sql } from "./sql.ts";
import { isCorruption, isMisfit } from "./state-error.ts";

export function isDamage(error: unknown, sql: Sql | undefined): boolean {
  return isCorruption(error) || (isMisfit(error) && sql !== undefined && !hasTables(sql));
}

/** Whether all our tables are there: else a statement failed because of the file, not because it is wrong. */
function hasTables(sql: Sql): boolean {
  const names = migrations.flatMap((step) =>
    [...step.matchAll(/CREATE TABLE (\w+)/g)].map(([, name]) => name),
  );
  const there = sql.all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'");
  return names.every((name) => there.some((table) => table.name === name));
}
