/** What the agent says of itself to `vswitch status`: written when it is other than before. */
import { CniError } from "../../../../lib/cni/error.ts";
import { version } from "../../../../lib/cni/main.ts";
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import type { EtcdAccess } from "../../../../lib/directory/config.ts";
import {
  type AgentStatus,
  type DirectoryStatus,
  readAgentStatus,
  writeAgentStatus,
} from "../../status/agent-status.ts";
import type { Local, MembershipStatus } from "./membership.ts";
import { type Dates, dates, directoryScope } from "./since.ts";

export interface ReportedDirectory {
  readonly access: EtcdAccess;
  readonly type: "etcd" | "flannel";
  readonly local: Local;
  readonly status: MembershipStatus;
}

export interface ReportedNetwork {
  readonly name: string;
  readonly peers: number;
  readonly remembered: boolean;
  readonly complaints: readonly Complaint[];
}

export interface Reported {
  readonly directories: readonly ReportedDirectory[];
  readonly networks: readonly ReportedNetwork[];
  /** What kept it from its work. */
  readonly trouble: Error | undefined;
  /** What is wrong with configurations. */
  readonly unjoined: readonly Complaint[];
}

export interface Report {
  /** Something may be other than what was said. */
  changed(): void;
  /** Says what is due. @param now also what is not. @throws {Error} when it cannot be written */
  say(reported: () => Reported, options?: { readonly now?: boolean }): void;
  nextMs(): number;
}

/** Changes that come close together are said together. */
const settleMs = 200;

export function agentReport(dataDir: string, bootId: string, now: () => number): Report {
  const startedMs = now();
  let dating: Dates | undefined;
  let said: string | undefined;
  let dueMs = now();
  return {
    changed() {
      if (dueMs === Number.POSITIVE_INFINITY) dueMs = now() + settleMs;
    },
    say(reported, { now: atOnce = false } = {}) {
      if (!atOnce && now() < dueMs) return;
      dueMs = Number.POSITIVE_INFINITY;
      dating ??= dates(readAgentStatus(dataDir));
      dating.begin(now());
      const status: AgentStatus = {
        ...{ v: 1, pid: process.pid, version, bootId, startedMs },
        ...statusOf(reported(), dating),
      };
      dating.end();
      const text = JSON.stringify(status);
      if (text === said) return;
      writeAgentStatus(dataDir, status);
      said = text;
    },
    nextMs: () => dueMs,
  };
}

function statusOf(
  { directories, networks, trouble, unjoined }: Reported,
  { date }: Dates,
): Pick<AgentStatus, "directories" | "networks" | "complaints"> {
  return {
    directories: directories.map((one) => directoryOf(one, date)),
    networks: networks.map(({ name, complaints, ...rest }) => ({
      ...{ name, ...rest },
      complaints: date(`network ${name}`, complaints),
    })),
    complaints: date("agent", [...unjoined, ...(trouble === undefined ? [] : [stuck(trouble)])]),
  };
}

function directoryOf(
  { access, type, local, status }: ReportedDirectory,
  date: Dates["date"],
): DirectoryStatus {
  const { endpoints, prefix } = access;
  const { doubt: _, ...follow } = status.follow;
  const { uid, name, tunnel } = local.identity;
  const networks = [...local.networks, ...local.pools].map(({ network }) => network);
  return {
    ...{ type, endpoints, prefix, ...follow, revision: status.revision },
    node: { uid, name, ...(tunnel === undefined ? {} : { vtep: tunnel.vtep }) },
    networks: [...new Set(networks)],
    complaints: date(directoryScope(endpoints, prefix), status.complaints),
  };
}

const stuck = (error: Error): Complaint => ({
  code: "agent-stuck",
  about: "agent",
  text: `the agent cannot do its work: ${error.message}`,
  remedy: (error instanceof CniError ? error.details : undefined) ?? "It is tried again every second.",
});
