/**
 * Runs inside a host: `bun failures-child.ts REQUEST`. ADDs again and again while the 1st, 2nd, ... thing asked
 * of the kernel fails, until one ADD succeeds; prints a line of JSON for each, with what it left behind.
 */
import { writeFileSync } from "node:fs";
import { run } from "../../lib/cni/run.ts";
import { linuxBackend } from "../../lib/linux/backend.ts";
import { networkVerbs } from "../../lib/verbs/main.ts";
import { nat } from "../../plugins/nat/plugin.ts";
import { overlay } from "../../plugins/overlay/plugin.ts";
import { transparent } from "../../plugins/transparent/plugin.ts";
import { failingMachine } from "./failing-machine.ts";
import type { Namespace } from "./namespaces.ts";
import { stateRows } from "./nat-lab.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

export interface FailuresRequest {
  readonly ns: Namespace;
  readonly container: Namespace;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
  /** Folders whose files a delegate keeps. */
  readonly folders: readonly string[];
  /** What of all that is asked for shall fail. Absent: each in turn. */
  readonly counted?: string;
}

export interface Failure {
  /** Undefined for the last ADD, in which nothing failed. */
  readonly failed?: string;
  readonly exitCode: number;
  readonly stdout: string;
  /** How the host, its state and the compartment differ from the start; "" when they do not. */
  readonly left: string;
}

const {
  ns,
  container,
  dataDir,
  env,
  config,
  folders,
  counted = "^",
}: FailuresRequest = JSON.parse(process.argv[2] ?? "{}");

function verbsOf(type: string, surroundings: Parameters<typeof networkVerbs>[2]) {
  if (type === "nat") return networkVerbs(nat, () => nat, surroundings);
  if (type === "overlay") return networkVerbs(overlay, () => overlay, surroundings);
  return networkVerbs(transparent, () => transparent, surroundings);
}

/** Forwarding stays on once it was needed; each ADD shall find it as the first one did. */
function resetForwarding(): void {
  for (const key of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"])
    writeFileSync(`/proc/sys/net/${key}`, "0");
}

async function look(): Promise<readonly [Snapshot, Snapshot]> {
  const options = { folders, stateText: () => stateRows(dataDir) };
  return Promise.all([takeSnapshot(ns, options), takeSnapshot(container)]);
}

resetForwarding();
const [host, inside] = await look();
for (let at = 1; ; at++) {
  const machine = failingMachine(at, new RegExp(counted));
  const backend = linuxBackend(undefined, machine);
  const surroundings = { backend, env, execPath: process.execPath };
  const type = String(config.type);
  const verbs = verbsOf(type, surroundings);
  const about = { type, version: "0" };
  const { exitCode, stdout } = run({ env, stdin: JSON.stringify(config), verbs, about });
  backend.close();
  const failed = machine.failed();
  if (failed !== undefined) resetForwarding();
  const [hostNow, insideNow] = failed === undefined ? [host, inside] : await look();
  const left = [diffSnapshots(host, hostNow), diffSnapshots(inside, insideNow)].filter(Boolean).join("\n");
  const line: Failure = { ...(failed === undefined ? {} : { failed }), exitCode, stdout, left };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (failed === undefined) break;
}
