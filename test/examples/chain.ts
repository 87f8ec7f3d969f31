/** Runs a configuration list as libcni does: forward for ADD and CHECK, backward for DEL, results handed on. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../system/host.ts";
import type { Namespace } from "../system/namespaces.ts";

export interface ConfigurationList {
  readonly cniVersion: string;
  readonly name: string;
  /** The runtime then calls no CHECK. */
  readonly disableCheck?: boolean;
  readonly plugins: readonly Plugin[];
}

interface Plugin {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
}

export interface Chain {
  readonly host: Host;
  readonly list: ConfigurationList;
  /** Folders of CNI_PATH. */
  readonly path: readonly string[];
  readonly compartment: Namespace;
  readonly containerId: string;
  readonly dataDir: string;
  /** What the runtime has for each capability. */
  readonly capabilityArgs: Readonly<Record<string, unknown>>;
}

/** A single plugin's configuration becomes a list of one, as in libcni. */
export function toList(
  configuration: ConfigurationList | (Plugin & { cniVersion: string; name: string }),
): ConfigurationList {
  if ("plugins" in configuration) return configuration;
  const { cniVersion, name } = configuration;
  return { cniVersion, name, plugins: [configuration] };
}

/** @returns the result of the last plugin. @throws with the plugin's own words */
export async function addChain(chain: Chain): Promise<unknown> {
  let prevResult: unknown;
  for (const plugin of chain.list.plugins)
    prevResult = JSON.parse(await call(chain, "ADD", plugin, prevResult));
  return prevResult;
}

/** With `disableCheck` only the first plugin is asked: the reference portmap 1.1.1 fails CHECK without an IPv6 address. */
export async function checkChain(chain: Chain, prevResult: unknown): Promise<void> {
  const { plugins, disableCheck } = chain.list;
  for (const plugin of disableCheck ? plugins.slice(0, 1) : plugins)
    await call(chain, "CHECK", plugin, prevResult);
}

export async function delChain(chain: Chain, prevResult: unknown): Promise<void> {
  const since04 = !["0.1.0", "0.2.0", "0.3.0", "0.3.1"].includes(chain.list.cniVersion);
  for (const plugin of chain.list.plugins.toReversed())
    await call(chain, "DEL", plugin, since04 ? prevResult : undefined);
}

async function call(chain: Chain, verb: string, plugin: Plugin, prevResult: unknown): Promise<string> {
  const { host, list, path, compartment, containerId, dataDir, capabilityArgs } = chain;
  const exe = path
    .map((folder) => join(folder, plugin.type))
    .find((file) => existsSync(file) && statSync(file).isFile());
  if (exe === undefined) throw new Error(`plugin ${plugin.type} is in none of ${path.join(", ")}`);
  const wanted = Object.entries(capabilityArgs).filter(([name]) => plugin.capabilities?.[name]);
  const stdin = {
    ...plugin,
    name: list.name,
    cniVersion: list.cniVersion,
    ...(wanted.length > 0 && { runtimeConfig: Object.fromEntries(wanted) }),
    ...(prevResult !== undefined && { prevResult }),
  };
  const env = {
    CNI_CONTAINERID: containerId,
    CNI_NETNS: compartment.path,
    CNI_IFNAME: "eth0",
    CNI_PATH: path.join(":"),
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    VSWITCH_DATA_DIR: dataDir,
  };
  const { exitCode, stdout, stderr } = await host.plugin(exe, { verb, env, stdin });
  if (exitCode !== 0)
    throw new Error(`${verb} of ${plugin.type}: exit code ${exitCode}: ${stdout || stderr}`);
  return stdout;
}
