/** Main of a network plugin: opens the platform, calls the verbs, closes it again. Each is read when it is needed. */
import { isLacking } from "../../plugins/ipam/pool/is-lacking.ts";
import { pluginMain } from "../cni/main.ts";
import type { Log, Verbs } from "../cni/run.ts";
import { loadBackend } from "../load-backend.ts";
import type { Switch } from "../model/switch.ts";
import { nodeFs } from "../os/file.ts";
import type { Backend } from "../seam/backend.ts";
import type { DhcpBackend } from "../seam/dhcp-backend.ts";
import type { Context } from "./context.ts";
import type { NetworkPlugin, NetworkTraits } from "./network-plugin.ts";
import type { Surroundings } from "./surroundings.ts";

const adding = () => require("./add.ts") as typeof import("./add.ts");
const asking = () => require("./asking.ts") as typeof import("./asking.ts");
const deleting = () => require("./del.ts") as typeof import("./del.ts");
const seldom = () => require("./seldom.ts") as typeof import("./seldom.ts");
const surrounding = () => require("./surroundings.ts") as typeof import("./surroundings.ts");

/**
 * A promise comes back only where a directory is asked.
 *
 * VSWITCH_TRACE=1 prints steps and messages on stderr, each with its milliseconds since the process began.
 *
 * @param plugin for ADD; the other verbs go by its traits
 * @param dhcp the wire that containers are on
 */
export function networkMain<Config, S extends Switch>(
  traits: NetworkTraits,
  plugin: () => NetworkPlugin<Config, S>,
  dhcp?: DhcpBackend,
): void | Promise<void> {
  const trace = process.env.VSWITCH_TRACE === "1" ? traceToStderr : undefined;
  let opened: Backend | undefined;
  const surroundings: Surroundings = {
    get backend() {
      opened ??= loadBackend(trace);
      return opened;
    },
    env: process.env,
    execPath: process.execPath,
    ...(dhcp === undefined ? {} : { dhcp }),
  };
  const waited = pluginMain(traits.kind, networkVerbs(traits, plugin, surroundings));
  if (waited === undefined) opened?.close();
  else return waited.finally(() => opened?.close());
}

/** The verbs of a network type as functions, for a process or for a test. */
export function networkVerbs<Config, S extends Switch>(
  traits: NetworkTraits,
  plugin: () => NetworkPlugin<Config, S>,
  surroundings: Surroundings,
): Verbs {
  let remedies: ReturnType<typeof import("./asking.ts")["addRemedies"]> | undefined;
  const context = (log: Log, whenMissing: "create" | "empty" = "empty"): Context =>
    surrounding().contextOf(surroundings, log, whenMissing);
  return {
    add: (request, log) => adding().add(plugin(), request, context(log, "create")),
    del: (request, log) =>
      deleting().del(request, context(log), traits) ? asking().givingBack(request, surroundings) : undefined,
    check: (request, log) => seldom().check(request, context(log), traits),
    gc: (request, log) => seldom().gc(request, context(log), traits),
    status: (request, log) => seldom().status(request, context(log), traits),
    remedy(error, request) {
      if (!isLacking(error)) return undefined;
      remedies ??= asking().addRemedies(plugin(), surroundings);
      return remedies(error, request);
    },
  };
}

function traceToStderr(line: string): void {
  nodeFs().writeSync(2, `${performance.now().toFixed(2).padStart(8)} ${line}\n`);
}
