/**
 * Runs inside a host: `bun nat-store-lost-child.ts REQUEST`. One ADD whose state file is moved away after the kernel
 * did its part, so that the end of the ADD cannot be written down; prints the outcome. The file is put back.
 */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lib/cni/run.ts";
import { linuxBackend } from "../../lib/linux/backend.ts";
import { networkVerbs } from "../../lib/verbs/main.ts";
import { nat } from "../../plugins/nat/plugin.ts";
import type { FailuresRequest } from "./nat-failures-child.ts";

const { dataDir, env, config }: FailuresRequest = JSON.parse(process.argv[2] ?? "{}");
const [file, away] = [join(dataDir, "state.db"), join(dataDir, "state.db.away")];
const real = linuxBackend();
const backend: typeof real = {
  ...real,
  apply(plan, compartment) {
    real.apply(plan, compartment);
    renameSync(file, away);
  },
};
const verbs = networkVerbs(nat, { backend, env, execPath: process.execPath });
const outcome = run({ env, stdin: JSON.stringify(config), verbs, about: { type: "nat", version: "0" } });
renameSync(away, file);
process.stdout.write(JSON.stringify(outcome));
