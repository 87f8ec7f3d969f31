/** What the checks may ask of a host. All of it is reading; a test gives literals. */
import type { HostProbe } from "../../../lib/model/probe.ts";
import type { Scene } from "../../../lib/model/scene.ts";
import type { CheckReport } from "../check/check.ts";
import type { RowReport } from "../check/rows.ts";
import type { Remains } from "../gc/judge.ts";

/** What is looked at as a whole: the state file, the kernel's features, the host's interfaces, routes and rules. */
export type Part = "state" | "kernel" | "network";

export interface Patient {
  /** What could not be looked at: its values here are empty. */
  readonly unseen: readonly Part[];
  readonly scene: Scene;
  readonly probe: HostProbe;
  readonly state: PatientState;
  readonly files: PatientFiles;
  /** Folders in which runtimes look for configurations, and for plugins. */
  readonly confDir: string;
  readonly binDirs: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** User id of this process. */
  readonly user: number;
  /** Whether something that can be entered is still at this path. */
  compartmentExists(path: string): boolean;
  /** What there is of attachments: rows, leases, and marks on kernel objects. */
  remains(): Remains;
  /** Each attachment against its plan. */
  reports(): readonly CheckReport[];
  /** Of each overlay network the rows that the kernel lacks, or has too many. */
  rows(): readonly RowReport[];
}

export interface PatientState {
  readonly dataDir: string;
  /** What the state said while it was opened, such as that it was damaged and rebuilt. */
  readonly warnings: readonly string[];
}

export interface PatientFiles {
  /** @returns undefined when it is not there, or cannot be read */
  text(path: string): string | undefined;
  /** Names in a folder, sorted; none when it is not there. */
  list(folder: string): readonly string[];
  stat(path: string): FileFacts | undefined;
  /** Of the file system on which the path is, or would be. */
  space(path: string): SpaceFacts | undefined;
}

export interface FileFacts {
  readonly bytes: number;
  /** The low 12 bits of st_mode. */
  readonly permissions: number;
  readonly user: number;
  readonly executable: boolean;
}

export interface SpaceFacts {
  readonly freeBytes: number;
  /** Undefined on file systems that make inodes as they need them. */
  readonly freeInodes?: number;
}

/** A setting below net. @param path "ipv4/ip_forward" */
export function sysctl({ files }: Patient, path: string): string | undefined {
  return files.text(`/proc/sys/net/${path}`)?.trim();
}

/** A setting that is a number, undefined where the kernel has none. */
export function sysctlNumber(patient: Patient, path: string): number | undefined {
  const text = sysctl(patient, path);
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text);
}
