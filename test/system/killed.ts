/** A verb whose process is killed in the middle of its work. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
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

/** How far a call has come: it has told of so many things, the last of them so long ago. */
export interface Moment {
  readonly lines: number;
  readonly afterMs: number;
}

/** A timer is not exact enough for the last of the time, ms. To wait busily for all of it took half of the processor's. */
const busyMs = 2;

/**
 * By what the call tells of, and not by the clock alone: on a busy machine most kills were before or after its work.
 *
 * @param moment a number: ms after its start
 * @returns whether it was killed before it came to its end
 */
export function killedCall(lab: NatLab, call: KilledCall, moment: Moment | number): Promise<boolean> {
  const { lines, afterMs } = typeof moment === "number" ? { lines: 0, afterMs: moment } : moment;
  const { type, verb, id, netns, config } = call;
  const env = {
    CNI_COMMAND: verb,
    CNI_PATH: binDir,
    VSWITCH_DATA_DIR: lab.dataDir,
    VSWITCH_TRACE: "1",
    ...(id === undefined ? {} : { CNI_CONTAINERID: id, CNI_IFNAME: "eth0" }),
    ...(netns === undefined ? {} : { CNI_NETNS: netns }),
  };
  const child = withinNamespace(lab.host.ns, () =>
    spawn(join(binDir, type), [], { env, stdio: ["pipe", "ignore", "pipe"] }),
  );
  const gone = new Promise<boolean>((resolve) =>
    child.on("exit", (_code, signal) => resolve(signal === "SIGKILL")),
  );
  const strikeLater = (): void => {
    const started = performance.now();
    const strike = () => {
      while (performance.now() - started < afterMs);
      child.kill("SIGKILL");
    };
    if (afterMs > busyMs) setTimeout(strike, afterMs - busyMs);
    else strike();
  };
  if (lines === 0) strikeLater();
  let told = 0;
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (isCounted(line) && ++told === lines) strikeLater();
  });
  child.stdin.on("error", () => {});
  child.stdin.end(JSON.stringify({ cniVersion: "1.1.0", name: type, type, ...config }));
  return gone;
}

/** How often it asks while it waits for an answer depends on the time alone. */
export const isCounted = (line: string): boolean => !line.includes(" neigh get ");

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
