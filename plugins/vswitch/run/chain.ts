/** A chain of plugins: ADD in order, DEL in reverse (CNI 1.1, section 3). */

import type { JsonObject } from "../../../lib/cni/read.ts";
import { atLeast, isSupportedVersion } from "../../../lib/cni/version.ts";
import { invoke } from "./invoke.ts";
import { type Attachment, pluginConf, pluginEnvironment } from "./plugin-conf.ts";

export interface Chain {
  readonly plugins: readonly JsonObject[];
  readonly binDirs: readonly string[];
  /** Beside those of the specification. */
  readonly env: Readonly<Record<string, string>>;
}

/** @returns the result of the last plugin. @throws {CniError} of the plugin that failed; DEL is the caller's */
export async function addChain(chain: Chain, attachment: Attachment): Promise<JsonObject> {
  let result: JsonObject | undefined;
  for (const plugin of chain.plugins)
    result = (await call(chain, "ADD", plugin, attachment, result)) ?? result;
  return result ?? {};
}

/**
 * All of them, whatever fails.
 *
 * @param result of ADD, as far as it came
 * @returns the failures
 */
export async function delChain(
  chain: Chain,
  attachment: Attachment,
  result: JsonObject | undefined,
): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  for (const plugin of chain.plugins.toReversed()) {
    try {
      await call(chain, "DEL", plugin, attachment, remembersResult(plugin) ? result : undefined);
    } catch (error) {
      failures.push(error);
    }
  }
  return failures;
}

/** Since 0.4.0 DEL gets the result of ADD. */
function remembersResult({ cniVersion }: JsonObject): boolean {
  const version = String(cniVersion);
  return isSupportedVersion(version) && atLeast(version, "0.4.0");
}

function call(
  { plugins, binDirs, env }: Chain,
  verb: "ADD" | "DEL",
  plugin: JsonObject,
  attachment: Attachment,
  prevResult: JsonObject | undefined,
): Promise<JsonObject | undefined> {
  return invoke({
    type: String(plugin.type),
    conf: pluginConf(plugin, attachment.wishes, prevResult),
    env: { ...env, ...pluginEnvironment(verb, attachment, plugins, binDirs) },
    binDirs,
  });
}
