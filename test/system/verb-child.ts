/**
 * Runs inside a host: `bun verb-child.ts REQUEST`. One verb of the transparent plugin on a machine whose sysfs is a folder of
 * the test's; standard output and exit code are the verb's.
 */
import { run } from "../../lib/cni/run.ts";
import { linuxBackend } from "../../lib/linux/backend.ts";
import { thisMachine } from "../../lib/linux/machine.ts";
import { networkVerbs } from "../../lib/verbs/main.ts";
import { transparent } from "../../plugins/transparent/plugin.ts";

export interface VerbRequest {
  readonly sysRoot: string;
  readonly env: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
}

const { sysRoot, env, config }: VerbRequest = JSON.parse(process.argv[2] ?? "{}");
const backend = linuxBackend(undefined, Object.assign(thisMachine(), { sysRoot }));
const verbs = networkVerbs(transparent, () => transparent, { backend, env, execPath: process.execPath });
const about = { type: "transparent", version: "0" };
const { exitCode, stdout, stderr } = run({ env, stdin: JSON.stringify(config), verbs, about });
backend.close();
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
