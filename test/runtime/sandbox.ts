/**
 * A place for container runtimes on a throw-away host: own processes, own mounts, the host's network.
 * In it `/run`, `/var/lib`, `/opt` are empty and private, `/opt/cni/bin` and `/etc/cni/net.d` hold the target.
 * However the test ends, every process, mount, cgroup and file of it goes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Child, startIn } from "../system/child.ts";
import { type CommandOptions, type CommandOutcome, execIn, runIn } from "../system/command.ts";
import { type Namespace, namespaceName } from "../system/namespaces.ts";
import { toolPath } from "../system/run-program.ts";
import { layPlugins } from "./plugin-folder.ts";
import type { RuntimeTarget } from "./target.ts";

export interface SandboxOptions {
  /** The host: its network is the one the runtimes program. */
  readonly ns: Namespace;
  readonly target: RuntimeTarget;
  /** A folder and namespaces that go with the sandbox: those of its host. */
  readonly with?: { readonly folder: string; readonly namespaces: readonly Namespace[] };
  /** Put a recorder before each executable. Default false. */
  readonly record?: boolean;
}

export interface Sandbox extends AsyncDisposable {
  /** Seen under the same path from inside and outside. */
  readonly folder: string;
  /** Cgroup to put containers under: `/NAME`. */
  readonly cgroup: string;
  /** What is `/var/lib/cni` inside. */
  readonly stateDir: string;
  /** Where the recorder writes, if asked for. */
  readonly records: string;
  /** Runs a command to its end, whatever its exit code. */
  run(command: readonly string[], options?: CommandOptions): Promise<CommandOutcome>;
  /** Runs a command and gives its standard output. @throws with its words when it fails */
  exec(command: readonly string[], options?: CommandOptions): Promise<string>;
  /** Starts a long-lived process; `stop` sends it SIGTERM and waits until it is gone. */
  start(command: readonly string[], env?: Readonly<Record<string, string>>): Child;
  /** A path inside as the test can open it. Not for programs that resolve symbolic links themselves (SQLite). */
  seen(path: string): string;
  close(): Promise<void>;
}

/** Makes a sandbox. @throws with the words of the failing command when the machine does not allow one */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { ns, target, record = false, with: besides } = options;
  const folder = mkdtempSync(join(tmpdir(), "vst-sandbox-"));
  const cgroup = namespaceName("runtime");
  const records = join(folder, "records");
  for (const name of ["etc", "net.d", "records", "state"]) mkdirSync(join(folder, name));
  const conflist = JSON.stringify(target.conflist, null, 2);
  writeFileSync(join(folder, "net.d", `10-${target.networkName}.conflist`), conflist);
  layPlugins({ folder, binDirs: target.binDirs, records: record ? records : undefined });

  const script = join(import.meta.dirname, "sandbox-keeper.sh");
  const more = besides === undefined ? [] : [besides.folder, ...besides.namespaces.map(({ name }) => name)];
  const keeper = spawn("sh", [script, folder, ns.path, cgroup, ...more], {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: toolPath },
  });
  const gone = new Promise<void>((resolve) => keeper.on("close", () => resolve()));
  const close = async () => {
    keeper.stdin.end();
    await gone;
  };
  try {
    return sandboxOf({ ns, folder, cgroup: `/${cgroup}`, records, pid: await readyPid(keeper), close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts extends Pick<Sandbox, "folder" | "cgroup" | "records" | "close"> {
  readonly ns: Namespace;
  readonly pid: string;
}

function sandboxOf({ ns, folder, cgroup, records, pid, close }: Parts): Sandbox {
  const enter = ["nsenter", "--target", pid, "--mount", "--pid", "--"];
  return {
    folder,
    cgroup,
    stateDir: join(folder, "state"),
    records,
    run: (command, options) => runIn(ns, [...enter, ...command], options),
    exec: (command, options) => execIn(ns, [...enter, ...command], options),
    // nsenter stays outside as the parent and passes no signals on: its end has to be the signal.
    start: (command, env) => startIn(ns, [...enter, "setpriv", "--pdeathsig", "TERM", ...command], env),
    seen: (path) => `/proc/${pid}/root${path}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function readyPid(keeper: ChildProcess): Promise<string> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    for (const stream of [keeper.stdout, keeper.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        const [word, pid] = line.split(" ");
        if (word === "ready" && pid !== undefined) resolve(pid);
      });
    }
    keeper.on("error", reject);
    keeper.on("close", () => reject(new Error(`no sandbox: ${said.join(" | ")}`)));
  });
}
