/**
 * Runs inside a host: `bun nat-store-lost-child.ts REQUEST file|row`. One ADD to whose state something happens after
 * the kernel did its part: the file is moved away for a while, or a DEL takes row and lease. Prints the outcome.
 */
import { Database } from "bun:sqlite";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lib/cni/run.ts";
import { linuxBackend } from "../../lib/linux/backend.ts";
import { networkVerbs } from "../../lib/verbs/main.ts";
import { nat } from "../../plugins/nat/plugin.ts";
import type { FailuresRequest } from "./failures-child.ts";

const { dataDir, env, config }: FailuresRequest = JSON.parse(process.argv[2] ?? "{}");
const what = process.argv[3];
const [file, away] = [join(dataDir, "state.db"), join(dataDir, "state.db.away")];

/** What a DEL of the same key leaves of the state. */
function forget(key: string): void {
  using database = new Database(file);
  for (const table of ["ports", "leases"]) database.run(`DELETE FROM ${table} WHERE owner = ?`, [key]);
  database.run("DELETE FROM endpoints WHERE key = ?", [key]);
}

const real = linuxBackend();
const backend: typeof real = {
  ...real,
  apply(plan, compartment, exclusively) {
    const applied = real.apply(plan, compartment, exclusively);
    if (what === "file") renameSync(file, away);
    else forget(plan.key);
    return applied;
  },
};
const verbs = networkVerbs(nat, () => nat, { backend, env, execPath: process.execPath });
const outcome = run({ env, stdin: JSON.stringify(config), verbs, about: { type: "nat", version: "0" } });
if (what === "file") renameSync(away, file);
process.stdout.write(JSON.stringify(outcome));
