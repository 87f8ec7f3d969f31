/** A verb whose process is killed in the middle of its work. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { withinNamespace } from "./namespaces.ts";
import { binDir, type NatLab } from "./nat-lab.ts";

/** Of the moments at which a test kills; `SEED` gives those of another run again. */
export const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));

export interface KilledCall {
  /** Executable, e.g. "transparent". */
  readonly type: string;
  readonly verb: "ADD" | "DEL" | "GC";
  readonly id?: string;
  readonly netns?: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** @returns whether it was killed before it came to its end. A timer is not exact enough, so this waits busily. */
export function killedCall(lab: NatLab, call: KilledCall, afterMs: number): Promise<boolean> {
  const { type, verb, id, netns, config } = call;
  const env = {
    CNI_COMMAND: verb,
    CNI_PATH: binDir,
    VSWITCH_DATA_DIR: lab.dataDir,
    ...(id === undefined ? {} : { CNI_CONTAINERID: id, CNI_IFNAME: "eth0" }),
    ...(netns === undefined ? {} : { CNI_NETNS: netns }),
  };
  const child = withinNamespace(lab.host.ns, () =>
    spawn(join(binDir, type), [], { env, stdio: ["pipe", "ignore", "ignore"] }),
  );
  const started = performance.now();
  const gone = new Promise<boolean>((resolve) =>
    child.on("exit", (_code, signal) => resolve(signal === "SIGKILL")),
  );
  child.stdin.on("error", () => {});
  child.stdin.end(JSON.stringify({ cniVersion: "1.1.0", name: type, type, ...config }));
  // The pipe is written from the event loop; after that nothing else runs here until the moment has come.
  setTimeout(() => {
    while (performance.now() - started < afterMs);
    child.kill("SIGKILL");
  }, 1);
  return gone;
}

/** mulberry32: a small generator whose sequence a seed repeats. */
export function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Says why no process can be killed at one of its messages, or undefined when it can. */
export const whyNoStrace = (): string | undefined =>
  spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0 ? undefined : "strace cannot run here";

/** What a program is called under so that it is gone when it sends for the nth time. */
export const killedAt = (n: number): readonly string[] => [
  ...["strace", "-f", "-o", "/dev/null", "-e", "trace=sendto"],
  ...["-e", `inject=sendto:signal=SIGKILL:when=${n}`],
];
