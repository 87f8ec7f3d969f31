/** `vswitch run`: a new compartment on a configured network, and a command in it. */
import { dirname, resolve } from "node:path";
import { isatty } from "node:tty";
import { parseIp } from "../../../lib/addr/ip.ts";
import { loadTool } from "../../../lib/load-backend.ts";
import type { ToolBackend } from "../../../lib/seam/tool-backend.ts";
import { hostFiles } from "../doctor/files.ts";
import { binDirOption, type CommonOptions } from "../options.ts";
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
  hasRecord,
  isRunning,
  type RunRecord,
  readRecord,
  ticksOf,
  writeRecord,
} from "./record.ts";
import { removeRun } from "./remove-run.ts";
import { requireRunName } from "./run-name.ts";
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

type RunBackend = Pick<ToolBackend, "createCompartment" | "removeCompartment" | "inCompartment" | "close">;

/** Where `ip netns` has them. */
const compartmentOf = (id: string): string => `/run/netns/vswitch-${id}`;

/** The exit code is that of the command, 1 when that is 0 and detaching failed; detaches whatever happens. */
export async function run(
  options: RunOptions,
  session: Session,
  load: () => Promise<RunBackend> = loadTool,
): Promise<void> {
  const record = recordOf(options);
  const backend = await load();
  const signals = watchSignals(isatty(0));
  try {
    makeCompartment(record, backend);
    await stay(record, options, { backend, signals, session });
  } finally {
    signals.end();
    backend.close();
  }
}

interface Parts {
  readonly backend: RunBackend;
  readonly signals: Signals;
  readonly session: Session;
}

/** Attached from its beginning to its end. */
async function stay(record: RunRecord, options: RunOptions, parts: Parts): Promise<void> {
  const { backend, session } = parts;
  let exitCode = 0;
  let kept = false;
  try {
    const attached = await attach(record);
    if (!options.quiet) announce(attached, options, session);
    exitCode = await ended(attached, options, parts);
    session.exitWith(exitCode);
    kept = options.keep;
  } finally {
    if (kept) session.complain(formatKept(record));
    else if (!(await detach(record, backend, session)) && exitCode === 0) session.exitWith(1);
  }
}

function recordOf(options: RunOptions): RunRecord {
  const id = options.name ?? `run-${crypto.randomUUID().slice(0, 8)}`;
  requireRunName("--name", id);
  if (hasRecord(id)) throw nameTaken(id);
  const { name: network, plugins } = findNetwork(options.net, options["conf-dir"], hostFiles);
  const wishes = wishesOf(options);
  requireCapabilities(plugins, wishes);
  const binDirs =
    options["bin-dir"].length > 0 ? options["bin-dir"] : [dirname(process.execPath), ...binDirOption.default];
  return {
    id,
    network,
    pid: process.pid,
    startedTicks: ticksOf(process.pid) ?? "",
    keep: options.keep,
    chain: { plugins, binDirs, env: { VSWITCH_DATA_DIR: resolve(options["data-dir"]) } },
    attachment: { containerId: id, ifname: options.ifname, netns: compartmentOf(id), wishes },
  };
}

function wishesOf({ publish, ip }: RunOptions): Wishes {
  const bad = ip.find((text) => parseIp(text.replace(/\/\d+$/, "")) === undefined);
  if (bad !== undefined) throw new UsageError(`--ip ${bad} is no address`);
  return { publish: publish.map(parsePublication), ips: ip };
}

/** What is there already, by whoever, is left as it is. */
function makeCompartment(record: RunRecord, backend: RunBackend): void {
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
  { backend, signals, session }: Parts,
): Promise<number> {
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

/** @returns whether it went well: its failure must not hide what came before */
async function detach(record: RunRecord, backend: RunBackend, session: Session): Promise<boolean> {
  try {
    await removeRun(readRecord(record.id) ?? record, backend);
    return true;
  } catch (error) {
    const details = error instanceof Error && "details" in error ? `\n${error.details}` : "";
    session.complain(`vswitch: ${error instanceof Error ? error.message : String(error)}${details}`);
    return false;
  }
}

/** `--remove`: of a run that was kept, or whose process was killed. */
export async function removeById(
  id: string,
  session: Session,
  load: () => Promise<RunBackend> = loadTool,
): Promise<void> {
  requireRunName("--remove", id);
  if (!hasRecord(id)) throw new UsageError(`no run is called "${id}"`);
  const record = readRecord(id);
  if (record !== undefined && isRunning(record))
    throw new UsageError(`"${id}" is at work: end process ${record.pid}`);
  const backend = await load();
  try {
    if (record === undefined) removeUnread(id, backend, session);
    else await removeRun(record, backend);
    session.print(`removed ${id}`);
  } finally {
    backend.close();
  }
}

/** Its plugins are not known, but its compartment is: without that, gc knows the rest for dead. */
function removeUnread(id: string, backend: RunBackend, session: Session): void {
  backend.removeCompartment(compartmentOf(id));
  deleteRecord(id);
  session.complain(
    `vswitch: what was known of ${id} cannot be read: vswitch gc removes what is left of it, if its network is ours`,
  );
}
