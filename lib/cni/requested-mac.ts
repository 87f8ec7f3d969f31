/** The MAC that an ADD asks for, wherever it says so. */
import type { Mac } from "../addr/mac.ts";
import { parseRuntimeConfig, readMac } from "./capability.ts";
import { type Issue, isObject, throwIssues } from "./read.ts";
import type { AddRequest } from "./request.ts";

/**
 * CNI conventions: the capability `mac` stands above `args.cni.mac`, and that above the MAC of CNI_ARGS.
 *
 * @throws {CniError} 7
 */
export function requestedMac({ config, args }: Pick<AddRequest, "config" | "args">): Mac | undefined {
  const { mac } = parseRuntimeConfig(config.runtimeConfig, config.name);
  if (mac !== undefined) return mac;
  const issues: Issue[] = [];
  const cni = config.args?.cni;
  const inArgs = isObject(cni) ? cni.mac : undefined;
  const found =
    readMac(inArgs, "args.cni.mac", issues) ?? readMac(args.values.get("MAC"), "CNI_ARGS MAC", issues);
  throwIssues(issues);
  return found;
}
