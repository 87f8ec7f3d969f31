/** Main of a network plugin: opens the platform, calls the verbs, closes it again. */
import { cachedLeases, libcniCache } from "../../plugins/ipam/libcni-cache.ts";
import type { Backend, DhcpBackend } from "../backend.ts";
import type { Environment } from "../cni/environment.ts";
import { pluginMain } from "../cni/main.ts";
import type { Log, Verbs } from "../cni/run.ts";
import { loadBackend } from "../load-backend.ts";
import type { Switch } from "../model/switch.ts";
import { nodeFs } from "../os/file.ts";
import { readBootId, readBootMs } from "../state/boot-id.ts";
import { openStore } from "../state/store.ts";
import { add } from "./add.ts";
import { check } from "./check.ts";
import type { Context } from "./context.ts";
import { del } from "./del.ts";
import { gc } from "./gc.ts";
import type { NetworkPlugin } from "./network-plugin.ts";
import { recover } from "./recover.ts";
import { status } from "./status.ts";

/**
 * VSWITCH_TRACE=1 prints steps and messages on stderr, each with its milliseconds since the process began.
 *
 * @param dhcp the wire that containers are on
 */
export async function networkMain<Config, S extends Switch>(
  plugin: NetworkPlugin<Config, S>,
  dhcp?: DhcpBackend,
): Promise<void> {
  const trace = process.env.VSWITCH_TRACE === "1" ? traceToStderr : undefined;
  const backend = await loadBackend(trace);
  const { env, execPath } = process;
  const verbs = networkVerbs(plugin, { backend, env, execPath, ...(dhcp === undefined ? {} : { dhcp }) });
  pluginMain(plugin.kind, verbs);
  backend.close();
}

export interface Surroundings {
  readonly backend: Backend;
  readonly env: Environment;
  readonly execPath: string;
  /** Absent where containers are on no wire. */
  readonly dhcp?: DhcpBackend;
  /** When the process began, in milliseconds since 1970; absent: as the clock of this process says. */
  readonly startedMs?: number;
}

/** The verbs of a network type as functions, for a process or for a test. */
export function networkVerbs<Config, S extends Switch>(
  plugin: NetworkPlugin<Config, S>,
  surroundings: Surroundings,
): Verbs {
  const context = (log: Log, whenMissing: "create" | "empty" = "empty"): Context =>
    makeContext(surroundings, log, whenMissing);
  return {
    add: (request, log) => add(plugin, request, context(log, "create")),
    del: (request, log) => del(request, context(log), plugin),
    check: (request, log) => check(request, context(log), plugin),
    gc: (request, log) => gc(request, context(log), plugin),
    status: (request, log) => status(request, context(log), plugin),
  };
}

function makeContext(surroundings: Surroundings, log: Log, whenMissing: "create" | "empty"): Context {
  const { backend } = surroundings;
  const bootId = readBootId();
  const now = () => Date.now();
  return {
    startedMs: Math.floor(performance.timeOrigin),
    ...surroundings,
    log,
    bootId,
    now,
    openStore: (dataDir) =>
      openStore({
        dataDir,
        bootId,
        now,
        whenMissing,
        warn: (text) => log.warn(text),
        recover: () => recover(backend),
        recoverLeases: () => cachedLeases(libcniCache, readBootMs(now())),
      }),
  };
}

function traceToStderr(line: string): void {
  nodeFs().writeSync(2, `${performance.now().toFixed(2).padStart(8)} ${line}\n`);
}
