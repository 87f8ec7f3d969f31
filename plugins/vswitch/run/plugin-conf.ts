/** What each plugin of a chain gets on standard input and in its environment (CNI 1.1, sections 3 and 4). Pure. */
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import { isObject, type JsonObject } from "../../../lib/cni/read.ts";
import type { Publication } from "./publish.ts";

/** What a runtime asks of the network for one container. */
export interface Wishes {
  readonly publish: readonly Publication[];
  readonly ips: readonly string[];
}

export interface Attachment {
  readonly containerId: string;
  readonly ifname: string;
  /** Path of the compartment. */
  readonly netns: string;
  readonly wishes: Wishes;
}

/**
 * What the plugins that declare a capability get of the wishes.
 *
 * @throws {CniError} 7 when ports are to be published and no plugin of the chain takes them
 */
export function requireCapabilities(plugins: readonly JsonObject[], { publish }: Wishes): void {
  if (publish.length === 0 || plugins.some((plugin) => declares(plugin, "portMappings"))) return;
  throw new CniError(errorCode.invalidConfig, "publish ports: no plugin of the configuration takes them", {
    reason: "capability-missing",
    details: 'add "capabilities": {"portMappings": true} to the plugin that publishes, for instance nat',
  });
}

/** A plugin's configuration for one verb. */
export function pluginConf(
  plugin: JsonObject,
  wishes: Wishes,
  prevResult: JsonObject | undefined,
): JsonObject {
  const runtimeConfig = {
    ...(wishes.publish.length > 0 && declares(plugin, "portMappings")
      ? { portMappings: wishes.publish }
      : {}),
    ...(wishes.ips.length > 0 && declares(plugin, "ips") ? { ips: wishes.ips } : {}),
  };
  return {
    ...plugin,
    ...(Object.keys(runtimeConfig).length > 0 ? { runtimeConfig } : {}),
    ...(prevResult === undefined ? {} : { prevResult }),
  };
}

/** Addresses go by CNI_ARGS where no plugin declares the capability for them. */
export function cniArgs(plugins: readonly JsonObject[], { ips }: Wishes): string {
  if (ips.length === 0 || plugins.some((plugin) => declares(plugin, "ips"))) return "";
  return `IgnoreUnknown=1;IP=${ips.join(",")}`;
}

function declares({ capabilities }: JsonObject, name: string): boolean {
  return isObject(capabilities) && capabilities[name] === true;
}

/** The variables of the specification. */
export function pluginEnvironment(
  verb: "ADD" | "DEL",
  { containerId, ifname, netns, wishes }: Attachment,
  plugins: readonly JsonObject[],
  binDirs: readonly string[],
): Readonly<Record<string, string>> {
  return {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: containerId,
    CNI_IFNAME: ifname,
    CNI_NETNS: netns,
    CNI_PATH: binDirs.join(":"),
    CNI_ARGS: cniArgs(plugins, wishes),
  };
}
