/** ADDs that are killed at random moments, and what is left of them. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect } from "vitest";
import { enterWords } from "./command.ts";
import type { Namespace } from "./namespaces.ts";
import { binDir, type NatLab } from "./nat-lab.ts";

export interface KilledAdd {
  /** Whose executable is called, and the network's name. */
  readonly type: "nat" | "transparent";
  readonly config: Readonly<Record<string, unknown>>;
  readonly runtimeConfig: Readonly<Record<string, unknown>>;
}

export const rowsOf = (lab: NatLab) => lab.rows().filter((row) => !row.startsWith("networks"));

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

/** ADD, killed after so many milliseconds; a timer is not exact enough, so this waits busily. */
export function killedAdd(
  lab: NatLab,
  what: KilledAdd,
  id: string,
  ns: Namespace,
  afterMs: number,
): Promise<boolean> {
  const [program = "", ...words] = enterWords(lab.host.ns, [join(binDir, what.type)]);
  const env = {
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: id,
    CNI_NETNS: ns.path,
    CNI_IFNAME: "eth0",
    CNI_PATH: binDir,
    VSWITCH_DATA_DIR: lab.dataDir,
  };
  const child = spawn(`/usr/bin/${program}`, words, { env, stdio: ["pipe", "ignore", "ignore"] });
  const started = performance.now();
  const gone = new Promise<boolean>((resolve) =>
    child.on("exit", (_code, signal) => resolve(signal === "SIGKILL")),
  );
  child.stdin.on("error", () => {});
  const { type, config, runtimeConfig } = what;
  child.stdin.end(JSON.stringify({ cniVersion: "1.1.0", name: type, type, ...config, runtimeConfig }));
  // The pipe is written from the event loop; after that nothing else runs here until the moment has come.
  setTimeout(() => {
    while (performance.now() - started < afterMs);
    child.kill("SIGKILL");
  }, 1);
  return gone;
}

/** How long an ADD takes here and now. */
export async function addMs(
  lab: NatLab,
  { config, runtimeConfig }: KilledAdd,
  ns: Namespace,
): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < 5; i++) {
    const outcome = await lab.call("ADD", { id: "measured", netns: ns.path, config, runtimeConfig });
    expect(outcome.exitCode).toBe(0);
    taken.push(outcome.elapsedMs);
    await lab.done("DEL", { id: "measured", netns: ns.path });
  }
  return taken.sort((a, b) => a - b)[2] ?? 0;
}

/**
 * Moments around the work of an ADD, however slow the machine is just now: too early and the next ones come later, too
 * late and they come sooner.
 */
export function momentsOf(random: () => number, wholeMs: number) {
  let scale = wholeMs;
  return {
    next: () => scale * (0.3 + random()),
    seen: (rows: string) => {
      if (rows === "") scale *= 1.05;
      else if (!rows.includes("adding")) scale *= 0.95;
    },
  };
}
