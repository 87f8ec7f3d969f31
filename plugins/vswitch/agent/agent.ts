/** `vswitch agent`: stays, watches, and mends what drifts, by the same function as `vswitch repair`. */
import { mkdirSync } from "node:fs";
import { pause } from "../../../lib/cluster/pause.ts";
import { loadDhcp, loadTool } from "../../../lib/load-backend.ts";
import type { HostChange } from "../../../lib/model/change.ts";
import { isStacked } from "../../../lib/model/switch.ts";
import type { HostWatch } from "../../../lib/seam/tool-backend.ts";
import { plural } from "../format.ts";
import { type Host, type LiveEndpoint, liveEndpoints } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import { repair } from "../repair/repair.ts";
import { type Stopping, stopping } from "../stopping.ts";
import { type Session, UsageError } from "../terminal.ts";
import { attempt } from "./attempt.ts";
import { hostKeeper } from "./dhcp/host-keeper.ts";
import type { DhcpKeeper } from "./dhcp/keeper.ts";
import { type DirectoryKeeper, directoryKeeper } from "./directory/keeper.ts";
import { agentDuty, type Duty } from "./duty.ts";
import { endpointKeeper } from "./endpoint-keeper.ts";
import { type Journal, journal } from "./journal.ts";
import { hostSource } from "./state.ts";

export interface AgentOptions extends CommonOptions {
  /** Seconds between two looks at everything. */
  readonly interval: number;
  /** Seconds that a change settles before it is looked at. */
  readonly settle: number;
  /** One look at everything, then the end. */
  readonly once: boolean;
  /** Folder of libcni's results. */
  readonly "results-dir": string;
  /** Folder of configurations whose networks with a directory are joined at once. */
  readonly "cni-conf-dir"?: string | undefined;
}

/** How long a signal waits at most. */
const quietMs = 500;
/** How long a change of the host does, while something else than the kernel is waited for. */
const busyMs = 100;
/** How long what failed as a whole is left alone. */
const failedMs = 1000;

/** Until SIGTERM or SIGINT; of `--once` the exit code of `vswitch repair`. */
export async function agent(options: AgentOptions, session: Session): Promise<void> {
  const { interval, settle, once } = options;
  if (!(interval >= 1)) throw new UsageError("--interval must be 1 second at least");
  if (!(settle >= 0)) throw new UsageError("--settle must be 0 seconds at least");
  if (once) return repair({ ...options, targets: [], "dry-run": false }, session);
  // The executable leaves hot code to the interpreter (plugins/build.ts); what stays is worth compiling.
  Bun.unsafe.setJITPolicy(1);
  const log = journal(options.json, session);
  const backend = await loadTool();
  const source = hostSource({ dataDir: options["data-dir"], warn: log.warn }, backend);
  const watch = backend.watch();
  const host = () => source.current();
  const duty = agentDuty(options["data-dir"]);
  const leases = hostKeeper({ host, dhcp: loadDhcp(), log });
  const confDir = options["cni-conf-dir"];
  // A host without containers is a host of its networks, too.
  if (confDir !== undefined) mkdirSync(options["data-dir"], { recursive: true, mode: 0o700 });
  const directories = directoryKeeper({
    ...{ host, dataDir: options["data-dir"], log },
    ...(confDir === undefined ? {} : { confDir }),
  });
  const woken = Promise.withResolvers<void>();
  const stop = stopping(woken.resolve);
  process.on("SIGHUP", directories.resync);
  try {
    log.say(watchingWords(liveEndpoints(source.current()), interval));
    await mending({ watch, host, options, log, duty, leases, directories, stop, ended: woken.promise });
    await directories.close();
    log.say("stopped");
  } finally {
    process.off("SIGHUP", directories.resync);
    stop.end();
    leases.close();
    duty.close();
    watch.close();
    source.close();
    backend.close();
  }
}

/** Nothing of a vNIC that hangs on an uplink is on the host, so its changes are not told to it. */
function watchingWords(endpoints: readonly LiveEndpoint[], interval: number): string {
  const said = `watching ${plural(endpoints.length, "endpoint")}, all of them every ${interval} s`;
  const hanging = endpoints.filter(({ plan }) => isStacked(plan.switch)).length;
  if (hanging === 0) return said;
  return `${said}; what changes in the compartments of ${hanging} that ${hanging === 1 ? "has" : "have"} no port on the host is seen only then`;
}

interface Mending {
  readonly watch: HostWatch;
  readonly host: () => Host;
  readonly options: AgentOptions;
  readonly log: Journal;
  readonly duty: Duty;
  readonly leases: DhcpKeeper;
  readonly directories: DirectoryKeeper;
  readonly stop: Stopping;
  /** When it was asked to stop. */
  readonly ended: Promise<void>;
}

async function mending(parts: Mending): Promise<void> {
  const { watch, host, options, log, duty, leases, directories, stop } = parts;
  const keeper = endpointKeeper(options["results-dir"], log);
  const trying = tryingOnce(log);
  let retryMs = 0;
  let changes: HostChange[] = [];
  let everythingMs = 0;
  let settledMs = Number.POSITIVE_INFINITY;
  while (!stop.asked()) {
    const now = Date.now();
    if (now >= everythingMs) {
      everythingMs = now + options.interval * 1000;
      await keeper.look(host(), "all", stop.asked);
    } else if (now >= settledMs || now >= keeper.nextMs()) {
      const settled = now >= settledMs ? changes.splice(0) : [];
      if (settled.length > 0) settledMs = Number.POSITIVE_INFINITY;
      await keeper.look(host(), settled, stop.asked);
    }
    let next = Math.min(everythingMs, settledMs, keeper.nextMs(), duty.nextMs());
    if (duty.isOurs()) {
      attempt(() => leases.tick(), log);
      if (now >= retryMs && !trying(directories.tick)) retryMs = now + failedMs;
      watch.hearPeers(directories.hasPeers);
      next = Math.min(next, leases.nextMs(), Math.max(retryMs, directories.nextMs()));
    }
    await quiet(parts, next);
    const heard = watch.receive();
    directories.hear(heard);
    changes = [...changes, ...heard];
    if (changes.length > 0) settledMs = Math.min(settledMs, Date.now() + options.settle * 1000);
    // Signals are seen here.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Until the time has come, something changed, or a directory has something to say: whatever is first. */
async function quiet({ watch, directories, ended }: Mending, untilMs: number): Promise<void> {
  const ms = Math.max(0, untilMs - Date.now());
  if (!directories.active) return watch.wait(Math.min(quietMs, ms));
  if (ms > 0) await pause(Math.min(busyMs, ms), Promise.race([directories.woken(), ended]));
}

/** The same, for what is tried again and again: what goes on is told once. */
function tryingOnce(log: Journal): (fn: () => void) => boolean {
  let told: string | undefined;
  return (fn) => {
    try {
      fn();
      told = undefined;
      return true;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (text !== told) log.warn(text);
      told = text;
      return false;
    }
  };
}
