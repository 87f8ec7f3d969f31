/** What the figures were measured on, and whether others were using it. */
import { readFileSync, statfsSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";

export interface Machine {
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly bun: string;
  /** Of the folder with both sides' state. */
  readonly fileSystem: string;
}

/** @param folder where the state of both sides will be */
export function describeMachine(folder: string): Machine {
  const all = cpus();
  return {
    kernel: release(),
    cpu: all[0]?.model.trim() ?? "unknown",
    cpus: all.length,
    bun: Bun.version,
    fileSystem: fileSystems[statfsSync(folder).type] ?? `type 0x${statfsSync(folder).type.toString(16)}`,
  };
}

/** linux/magic.h */
const fileSystems: Readonly<Record<number, string>> = {
  61267: "ext4",
  16914836: "tmpfs",
  2035054128: "overlay",
  1481003842: "xfs",
  2435016766: "btrfs",
  801189825: "zfs",
};

export interface Load {
  /** Of the last minute, our own work included. */
  readonly loadAverage: number;
  /** Share of all processors that others used while the bench itself did nothing, 0 to 1. */
  readonly othersShare: number;
}

/** Above this, others take so much that a row is not to be trusted. */
export const busyShare = 0.1;

/**
 * Looks for half a second in which the bench rests; again, up to five times, while the machine is busy, because the
 * kernel itself takes a moment to clear away the namespaces of the row before.
 */
export async function observeLoad(): Promise<Load> {
  let othersShare = 1;
  for (let look = 0; look < 5 && othersShare > busyShare; look++) {
    othersShare = Math.min(othersShare, await shareInUse(500));
  }
  return { loadAverage: loadavg()[0] ?? 0, othersShare };
}

async function shareInUse(lookMs: number): Promise<number> {
  const before = processorTicks();
  // The share is one of a span of time, so a span is what this waits for.
  await Bun.sleep(lookMs);
  const after = processorTicks();
  const all = after.all - before.all;
  return all > 0 ? 1 - (after.idle - before.idle) / all : 0;
}

/** First line of /proc/stat (proc(5)): user nice system idle iowait irq softirq steal; guest is in user already. */
function processorTicks(): { readonly all: number; readonly idle: number } {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, iowait = 0] = ticks;
  return { all: ticks.reduce((sum, one) => sum + one, 0), idle: idle + iowait };
}
