/** What the agent says of itself, in a file beside the state: `vswitch status` reads it. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FollowStatus } from "../../../lib/cluster/follow.ts";
import type { Complaint } from "../../../lib/directory/complaint.ts";

export interface AgentStatus {
  readonly v: 1;
  readonly pid: number;
  readonly version: string;
  readonly bootId: string;
  /** Milliseconds since 1970, as all times here. */
  readonly startedMs: number;
  readonly directories: readonly DirectoryStatus[];
  /** Overlay networks, those without a directory too. */
  readonly networks: readonly NetworkStatus[];
  /** What keeps it from its work. */
  readonly complaints: readonly DatedComplaint[];
}

export interface DirectoryStatus extends Omit<FollowStatus, "doubt"> {
  readonly type: "etcd" | "flannel";
  readonly endpoints: readonly string[];
  readonly prefix: string;
  /** Of the directory, as far as it is known; "0": nothing is. */
  readonly revision: string;
  /** This host there. */
  readonly node: { readonly uid: string; readonly name: string; readonly vtep?: string };
  /** Networks of this host that are in it, or have their addresses from there. */
  readonly networks: readonly string[];
  readonly complaints: readonly DatedComplaint[];
}

export interface NetworkStatus {
  readonly name: string;
  /** Other hosts that are reached, as far as its switch is there. */
  readonly peers: number;
  /** They are as they were last written down: no directory has said so since the agent began. */
  readonly remembered: boolean;
  readonly complaints: readonly DatedComplaint[];
}

export interface DatedComplaint extends Complaint {
  readonly sinceMs: number;
}

const statusFile = (dataDir: string): string => join(dataDir, "agent-status.json");

/** Replaces what was said before, all at once. Where the folder is gone there is nobody to tell. @throws {Error} as the file system says */
export function writeAgentStatus(dataDir: string, status: AgentStatus): void {
  const file = statusFile(dataDir);
  try {
    writeFileSync(`${file}.new`, `${JSON.stringify(status)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}

/** @returns undefined when no agent ever said anything, or it cannot be read */
export function readAgentStatus(dataDir: string): AgentStatus | undefined {
  try {
    const status = JSON.parse(readFileSync(statusFile(dataDir), "utf8")) as AgentStatus;
    return status.v === 1 ? status : undefined;
  } catch {
    return undefined;
  }
}
