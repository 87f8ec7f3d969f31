/** Drives a list of plugins the way libcni does: forward with prevResult on ADD, backward on DEL. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { PluginOutcome } from "../system/plugin.ts";
import { environmentOf, type Key, requestOf, type Verb } from "./call.ts";
import type { Context } from "./context.ts";
import { oneObject, shown } from "./expect.ts";
import { isObject, type JsonObject } from "./json.ts";
import { must } from "./scenario.ts";
import type { Version } from "./target.ts";

/** A list of plugin entries; those with `type` of the target are run by the target's executable. */
export interface Chain {
  /** ADD through all plugins; gives the last result. @throws Seen at the first that fails */
  add(key: Key, capabilities?: JsonObject): Promise<JsonObject>;
  check(key: Key, result: JsonObject, capabilities?: JsonObject): Promise<void>;
  del(key: Key, result: JsonObject | undefined, capabilities?: JsonObject): Promise<void>;
}

/** Debian's and the upstream's folders of the reference plugins, for chains. */
const referenceFolders = ["/usr/lib/cni", "/opt/cni/bin"];

/** Where an executable of that name is, in CNI_PATH or in the usual folders. */
export function findPlugin(cniPath: readonly string[], type: string): string | undefined {
  return [...cniPath, ...referenceFolders]
    .map((folder) => join(folder, type))
    .find((path) => existsSync(path));
}

/** For `applies`: why a chain with these plugins cannot be tried, or true. */
export function whyNoChain(cniPath: readonly string[], types: readonly string[]): true | string {
  const missing = types.filter((type) => findPlugin(cniPath, type) === undefined);
  return missing.length === 0 ? true : `not installed: ${missing.join(", ")}`;
}

/** The newest version that Debian's reference plugins and the target both know. */
export function chainVersion(context: Context): Version {
  return context.version > "1.0.0" ? "1.0.0" : context.version;
}

/** Makes the chain; entries are complete plugin objects of a list, the target's own among them. */
export function chainOf(context: Context, entries: readonly JsonObject[]): Chain {
  const { subject, host } = context;
  const one = async (verb: Verb, entry: JsonObject, key: Key, prev: unknown, capabilities: JsonObject) => {
    const type = String(entry.type);
    const own = type === subject.config.type;
    const exe = own ? subject.plugin : (findPlugin(subject.cniPath, type) ?? type);
    const target = { ...subject, config: { ...entry, ...(own ? key.config : {}) } };
    const outcome = await host.plugin(exe, {
      verb,
      env: environmentOf(target, key, {}),
      stdin: requestOf(target, verb, { ...key, config: {} }, granted(entry, capabilities), prev ?? null),
    });
    must(outcome.exitCode === 0, `${verb} of ${type}: ${shown(outcome)}`);
    return outcome;
  };
  return {
    add: async (key, capabilities = {}) => {
      let previous: JsonObject | undefined;
      for (const entry of entries) {
        previous = resultOf(await one("ADD", entry, key, previous, capabilities), String(entry.type));
      }
      must(previous !== undefined, "an empty chain");
      return previous;
    },
    check: async (key, result, capabilities = {}) => {
      for (const entry of entries) await one("CHECK", entry, key, result, capabilities);
    },
    del: async (key, result, capabilities = {}) => {
      for (const entry of entries.toReversed()) await one("DEL", entry, key, result, capabilities);
    },
  };
}

/** `runtimeConfig` holds what the entry declares a capability for. */
function granted(entry: JsonObject, capabilities: JsonObject): JsonObject {
  const declared = isObject(entry.capabilities) ? entry.capabilities : {};
  const given = Object.fromEntries(Object.entries(capabilities).filter(([name]) => declared[name] === true));
  return Object.keys(given).length === 0 ? {} : { runtimeConfig: given };
}

function resultOf(outcome: PluginOutcome, type: string): JsonObject {
  const result = oneObject(outcome.stdout);
  must(result !== undefined, `ADD of ${type} gave no result: ${shown(outcome)}`);
  return result;
}
