/** What is known of a run from its beginning to its end, in a file: another call can clean up after one that was killed. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isObject, type JsonObject } from "../../../lib/cni/read.ts";
import type { Chain } from "./chain.ts";
import type { Attachment } from "./plugin-conf.ts";

export interface RunRecord {
  readonly id: string;
  readonly network: string;
  /** The process that runs it. */
  readonly pid: number;
  /** When that was started, in ticks since boot: another process may have its number by now. */
  readonly startedTicks: string;
  /** Whether it stays when its command has ended. */
  readonly keep: boolean;
  readonly chain: Chain;
  readonly attachment: Attachment;
  /** Of ADD. */
  readonly result?: JsonObject;
}

/** Gone after a reboot, as compartments are. */
const runFolder: string = process.env.VSWITCH_RUN_DIR || "/run/vswitch/run";

/** Before anything is made. @returns false when another run has the name */
export function claimRecord(record: RunRecord, folder: string = runFolder): boolean {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(fileOf(record.id, folder), JSON.stringify(record), { mode: 0o600, flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** In place of what is known so far. Configurations may hold secrets. */
export function writeRecord(record: RunRecord, folder: string = runFolder): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = fileOf(record.id, folder);
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** @returns undefined when there is none that can be read */
export function readRecord(id: string, folder: string = runFolder): RunRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(fileOf(id, folder), "utf8"));
    return isRecord(value) && value.id === id ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether there is one, readable or not: the disk may have been full, or somebody wrote into it. */
export function hasRecord(id: string, folder: string = runFolder): boolean {
  return existsSync(fileOf(id, folder));
}

/** As far as removing it goes; the rest is our own. */
function isRecord(value: unknown): value is RunRecord {
  if (!isObject(value) || !isObject(value.chain) || !isObject(value.attachment)) return false;
  const { pid, network, chain, attachment } = value;
  return (
    typeof pid === "number" &&
    typeof network === "string" &&
    Array.isArray(chain.plugins) &&
    Array.isArray(chain.binDirs) &&
    typeof attachment.netns === "string" &&
    isObject(attachment.wishes)
  );
}

export function deleteRecord(id: string, folder: string = runFolder): void {
  rmSync(fileOf(id, folder), { force: true });
}

export function listRecords(folder: string = runFolder): readonly RunRecord[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
    return names.toSorted().flatMap((name) => readRecord(name.slice(0, -".json".length), folder) ?? []);
  } catch {
    return [];
  }
}

/** Whether its process is still there. */
export function isRunning({ pid, startedTicks }: RunRecord): boolean {
  return ticksOf(pid) === startedTicks;
}

/** proc(5), /proc/PID/stat: the 22nd field; the second, a name, may hold anything. */
export function ticksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

const fileOf = (id: string, folder: string): string => join(folder, `${id}.json`);
