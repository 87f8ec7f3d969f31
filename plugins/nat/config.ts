/** Configuration of a nat network: it has no keys of its own. Pure. */
import validate from "#schema/nat";
import type { JsonObject } from "../../lib/cni/read.ts";
import { foldHosted, type HostedConfig, readHostedConfig } from "../../lib/hosted/config.ts";
import type { Requested } from "../../lib/planning/requested.ts";

/**
 * @param runtime comes from the runtime, not from the configuration
 * @throws {CniError} 7 with every fault, 2 for a misspelt key or a policy that is not supported
 */
export function parseNatConfig(raw: JsonObject, runtime: Requested): HostedConfig {
  return readHostedConfig(foldHosted(raw, { shape: {}, validate }), runtime);
}
