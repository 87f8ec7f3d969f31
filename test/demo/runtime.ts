/** A container runtime's part: calls the executables as libcni does, by environment and standard input alone. */
import { join } from "node:path";
import type { Machine } from "./world.ts";

/** A network of one plugin, as the file of a runtime has it. */
export interface NetworkConfig {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly [Readonly<Record<string, unknown>> & { readonly type: string }];
}

export interface Container {
  readonly machine: Machine;
  readonly id: string;
  readonly runtimeConfig?: Readonly<Record<string, unknown>>;
}

/** A result of CNI 1.1, as much of it as the demo looks at. */
export interface Result {
  readonly ips: readonly { readonly address: string; readonly gateway?: string }[];
}

export interface Outcome {
  /** From the start of the process to its exit. */
  readonly ms: number;
  /** Of a successful ADD. */
  readonly result?: Result;
  /** Of a failure. */
  readonly error?: { readonly code: number; readonly msg: string };
  readonly stderr: string;
}

export interface Runtime {
  status(): Outcome;
  add(container: Container): Outcome;
  check(container: Container): Outcome;
  del(container: Container): Outcome;
  /** @param valid what is attached, as far as the runtime knows */
  gc(valid: readonly Container[]): Outcome;
  /** How many processes were started: one per call. */
  readonly calls: number;
}

/** Name of the interface in every compartment. */
export const ifname = "eth0";

export interface RuntimeOptions {
  readonly network: NetworkConfig;
  /** Folder of the executables. */
  readonly bin: string;
  /** Where the plugins keep their state. */
  readonly dataDir: string;
  /** Whose plugins they are; absent: the host of this process. */
  readonly on?: Machine;
}

export function createRuntime({ network, bin, dataDir, on }: RuntimeOptions): Runtime {
  const { plugins, ...common } = network;
  const results = new Map<string, Result>();
  let calls = 0;
  const call = (verb: string, env: Record<string, string>, more: object): Outcome => {
    calls++;
    const all = { CNI_COMMAND: verb, CNI_PATH: bin, VSWITCH_DATA_DIR: dataDir, ...env };
    const stdin = JSON.stringify({ ...common, ...plugins[0], ...more });
    const act = () => execute(join(bin, plugins[0].type), all, stdin);
    return on === undefined ? act() : on.inside(act);
  };
  const callFor = (verb: string, { id, machine, runtimeConfig }: Container): Outcome => {
    const prevResult = verb === "ADD" ? undefined : results.get(id);
    const env = { CNI_CONTAINERID: id, CNI_NETNS: machine.path, CNI_IFNAME: ifname };
    return call(verb, env, { ...(runtimeConfig && { runtimeConfig }), ...(prevResult && { prevResult }) });
  };
  return {
    status: () => call("STATUS", {}, {}),
    add(container) {
      const outcome = callFor("ADD", container);
      const { result, error } = outcome;
      if (result !== undefined) results.set(container.id, result);
      else if (error === undefined)
        return { ...outcome, error: { code: 0, msg: "no result on standard output" } };
      return outcome;
    },
    check: (container) => callFor("CHECK", container),
    del(container) {
      const outcome = callFor("DEL", container);
      if (outcome.error === undefined) results.delete(container.id);
      return outcome;
    },
    gc: (valid) =>
      call("GC", {}, { "cni.dev/valid-attachments": valid.map(({ id }) => ({ containerID: id, ifname })) }),
    get calls() {
      return calls;
    },
  };
}

/** @param env all of it: no PATH, no HOME */
function execute(file: string, env: Record<string, string>, stdin: string): Outcome {
  const options = { env, stdin: Buffer.from(stdin), stdout: "pipe", stderr: "pipe" } as const;
  const started = performance.now();
  const child = Bun.spawnSync([file], options);
  const ms = performance.now() - started;
  const stdout = child.stdout.toString();
  const stderr = child.stderr.toString().trim();
  const failed = child.exitCode !== 0;
  if (stdout === "" && !failed) return { ms, stderr };
  try {
    return { ms, stderr, [failed ? "error" : "result"]: JSON.parse(stdout) };
  } catch {
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    return { ms, stderr, error: { code: 0, msg: `no JSON on standard output, ${how}: ${stdout}` } };
  }
}
