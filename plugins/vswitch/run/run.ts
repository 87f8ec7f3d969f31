/** `vswitch run`: a new compartment on a configured network, and a command in it. */
import { dirname, resolve } from "node:path";
import { isatty } from "node:tty";
import { parseIp } from "../../../lib/addr/ip.ts";
import { loadTool, type ToolBackend } from "../../../lib/backend.ts";
import { hostFiles } from "../doctor/files.ts";
import type { CommonOptions } from "../options.ts";
import { type Session, UsageError } from "../terminal.ts";
import { addChain } from "./chain.ts";
import { runCommand } from "./command.ts";
import { findNetwork } from "./find-network.ts";
import { attachedJson, formatAttached, formatKept } from "./format-run.ts";
import { requireCapabilities, type Wishes } from "./plugin-conf.ts";
import { parsePublication } from "./publish.ts";
import {
  claimRecord,
  deleteRecord,
  isRunning,
  type RunRecord,
  readRecord,
  ticksOf,
  writeRecord,
} from "./record.ts";
import { removeRun } from "./remove-run.ts";
import { type Signals, signalExitCode, watchSignals } from "./signals.ts";

export interface RunOptions extends CommonOptions {
  /** Name of a network, or the file of its configuration. */
  readonly net: string;
  readonly publish: readonly string[];
  readonly ip: readonly string[];
  readonly name?: string;
  readonly ifname: string;
  readonly keep: boolean;
  readonly quiet: boolean;
  readonly "conf-dir": string;
  readonly "bin-dir": readonly string[];
  /** Empty: a shell. */
  readonly command: readonly string[];
}

/** Where `ip netns` has them. */
const netnsFolder = "/run/netns";
/** Where plugins are by custom, behind those that are beside us. */
const customary = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];

/** The exit code is that of the command; detaches whatever happens. */
export async function run(options: RunOptions, session: Session): Promise<void> {
  const record = recordOf(options);
  const backend = await loadTool();
  const signals = watchSignals(isatty(0));
  let kept = false;
  makeCompartment(record, backend);
  try {
    const attached = await attach(record);
    if (!options.quiet) announce(attached, options, session);
    session.exitWith(await ended(attached, options, { backend, signals, session }));
    kept = options.keep;
  } finally {
    if (kept) session.complain(formatKept(record));
    else await detach(record, backend, session);
    signals.end();
    backend.close();
  }
}

function recordOf(options: RunOptions): RunRecord {
  const id = options.name ?? `run-${crypto.randomUUID().slice(0, 8)}`;
  if (!/^[a-z0-9][a-z0-9_.-]{0,127}$/i.test(id))
    throw new UsageError(`--name ${id}: letters, digits, "_", "." and "-", a letter or digit first`);
  if (readRecord(id) !== undefined) throw nameTaken(id);
  const { name: network, plugins } = findNetwork(options.net, options["conf-dir"], hostFiles);
  const wishes = wishesOf(options);
  requireCapabilities(plugins, wishes);
  const binDirs =
    options["bin-dir"].length > 0 ? options["bin-dir"] : [dirname(process.execPath), ...customary];
  return {
    id,
    network,
    pid: process.pid,
    startedTicks: ticksOf(process.pid) ?? "",
    keep: options.keep,
    chain: { plugins, binDirs, env: { VSWITCH_DATA_DIR: resolve(options["data-dir"]) } },
    attachment: { containerId: id, ifname: options.ifname, netns: `${netnsFolder}/vswitch-${id}`, wishes },
  };
}

function wishesOf({ publish, ip }: RunOptions): Wishes {
  const bad = ip.find((text) => parseIp(text.replace(/\/\d+$/, "")) === undefined);
  if (bad !== undefined) throw new UsageError(`--ip ${bad} is no address`);
  return { publish: publish.map(parsePublication), ips: ip };
}

/** What is there already, by whoever, is left as it is. */
function makeCompartment(record: RunRecord, backend: ToolBackend): void {
  if (!claimRecord(record)) throw nameTaken(record.id);
  try {
    backend.createCompartment(record.attachment.netns);
  } catch (error) {
    deleteRecord(record.id);
    throw error;
  }
}

function nameTaken(id: string): UsageError {
  const other = readRecord(id);
  return new UsageError(
    other !== undefined && isRunning(other)
      ? `--name ${id} is in use by process ${other.pid}`
      : `--name ${id} is left of another run: vswitch run --remove ${id}`,
  );
}

async function attach(record: RunRecord): Promise<RunRecord> {
  const result = await addChain(record.chain, record.attachment);
  const attached = { ...record, result };
  writeRecord(attached);
  return attached;
}

function announce(record: RunRecord, { json }: RunOptions, session: Session): void {
  const { result = {} } = record;
  session.complain(json ? attachedJson(record, result) : `vswitch: ${formatAttached(record, result)}`);
}

async function ended(
  record: RunRecord,
  { command }: RunOptions,
  parts: { readonly backend: ToolBackend; readonly signals: Signals; readonly session: Session },
): Promise<number> {
  const { backend, signals, session } = parts;
  // It came while the plugins were at work.
  if (signals.received !== undefined) return signalExitCode(signals.received);
  const words = command.length > 0 ? command : [process.env.SHELL || "sh"];
  const env = { VSWITCH_RUN: record.id };
  return runCommand(
    { command: words, netns: record.attachment.netns, env },
    backend,
    signals,
    session.complain,
  );
}

/** Its failure must not hide what came before. */
async function detach(record: RunRecord, backend: ToolBackend, session: Session): Promise<void> {
  try {
    await removeRun(readRecord(record.id) ?? record, backend);
  } catch (error) {
    const details = error instanceof Error && "details" in error ? `\n${error.details}` : "";
    session.complain(`vswitch: ${error instanceof Error ? error.message : String(error)}${details}`);
    session.exitWith(1);
  }
}

/** `--remove`: of a run that was kept, or whose process was killed. */
export async function removeById(id: string, session: Session): Promise<void> {
  const record = readRecord(id);
  if (record === undefined) throw new UsageError(`no run is called "${id}"`);
  if (isRunning(record)) throw new UsageError(`"${id}" is at work: end process ${record.pid}`);
  const backend = await loadTool();
  try {
    await removeRun(record, backend);
    session.print(`removed ${id}`);
  } finally {
    backend.close();
  }
}
