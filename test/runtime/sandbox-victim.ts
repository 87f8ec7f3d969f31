/** `bun sandbox-victim.ts NETNS_NAME`: makes a sandbox, tells where, and waits to be killed. For sandbox.test.ts. */
import { namespaceOf } from "../system/namespaces.ts";
import { startSandbox } from "./sandbox.ts";
import { referenceTarget } from "./target.ts";

const [name = ""] = process.argv.slice(2);
// What the sandbox can do without are executables of the target.
const sandbox = await startSandbox({ ns: namespaceOf(name), target: { ...referenceTarget, binDirs: [] } });
const groups = "for at in /sys/fs/cgroup /sys/fs/cgroup/pids; do mkdir -p $at$1/inner; done 2>/dev/null";
await sandbox.run(["sh", "-c", groups, "sh", sandbox.cgroup]);
sandbox.start(["sleep", "1000"]);
process.stdout.write(`${JSON.stringify({ folder: sandbox.folder, cgroup: sandbox.cgroup })}\n`);
setInterval(() => {}, 1_000);
